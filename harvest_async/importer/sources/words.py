"""Column names in many languages for the fields that an option can fill.

A file is refused if an option such as `--person` fills a field and the file has an unread column with one of these
names: otherwise the option's value would replace the file's.
"""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["FILLED", "plain", "readable"]

_MOJIBAKE: Final = "\u00ef\u00bb\u00bf"
"""A UTF-8 byte order mark that was read as Windows-1252."""
_TITLES: Final = str.maketrans({"\u00a0": " ", "\u202f": " "})


def readable(title: str) -> str:
    """Return a column's title with single blanks and without invisible characters."""
    seen = title.translate(_TITLES)
    if not seen.isascii():
        seen = "".join(
            letter for letter in seen if unicodedata.category(letter) not in ("Cf", "Cc") or letter.isspace()
        )
        seen = unicodedata.normalize("NFC", seen.removeprefix(_MOJIBAKE))
    return " ".join(seen.split())


def plain(name: str) -> str:
    """Return a column's name in its normal form for comparison: case, blanks, dashes and underscores are equal."""
    if not name.isascii():
        name = unicodedata.normalize("NFKC", readable(name))
    return " ".join(name.replace("_", " ").replace("-", " ").split()).lower()


def _words(text: str) -> frozenset[str]:
    return frozenset(plain(word) for word in text.split(","))


FILLED: Final = {
    "person": _words(
        "person, persons, people, user, users, user name, username, user full name, full name, "
        "fullname, name, member, members, member name, team member, teammate, staff, staff member, "
        "staff name, employee, employee name, worker, colleague, consultant, contractor, freelancer, "
        "resource, resource name, assignee, assigned to, owner, author, created by, logged by, "
        "tracked by, who, user email, member email, employee email, mitarbeiter, mitarbeiterin, "
        "mitarbeiter*in, mitarbeiter/in, mitarbeitende, mitarbeitername, benutzer, benutzername, "
        "nutzer, bearbeiter, angestellter, wer, teammitglied, mitglied, utilisateur, employé, "
        "employe, collaborateur, collaboratrice, membre, salarié, personne, intervenant, nom, "
        "usuario, empleado, empleada, miembro, colaborador, persona, trabajador, nombre, utente, "
        "dipendente, collaboratore, membro, nome, utilizador, usuário, funcionário, funcionario, "
        "pessoa, gebruiker, medewerker, werknemer, lid, teamlid, persoon, naam, användare, "
        "medarbetare, anställd, medlem, namn, bruger, medarbejder, ansat, bruker, ansatt, navn, "
        "käyttäjä, työntekijä, nimi, pracownik, użytkownik, osoba, zaměstnanec, uživatel, "
        "zamestnanec, používateľ, felhasználó, dolgozó, munkatárs, korisnik, zaposleni, çalışan, "
        "kullanıcı, üye, пользователь, сотрудник, исполнитель, користувач, співробітник, работник, "
        "ユーザー, メンバー, 担当者, 従業員, 氏名, 用户, 成员, 员工, 姓名, 사용자, 담당자, 직원"
    ),
    "client": _words(
        "client, clients, client name, customer, customers, customer name, account, account name, "
        "company, company name, kunde, kunden, kundin, kundenname, auftraggeber, mandant, firma, "
        "cliente, clientes, clienti, nome cliente, nombre del cliente, client(e), entreprise, "
        "société, nom du client, klant, klanten, klantnaam, opdrachtgever, kund, kundnamn, "
        "kundenavn, asiakas, klient, klienci, zákazník, zakaznik, ügyfél, klijent, müşteri, клиент, "
        "заказчик, клієнт, замовник, クライアント, 顧客, 客户, 고객"
    ),
    "project": _words(
        "project, projects, project name, project title, job, job name, matter, engagement, projekt, "
        "projekte, projektname, auftrag, auftragsname, vorhaben, projet, projets, nom du projet, "
        "proyecto, proyectos, nombre del proyecto, progetto, progetti, projeto, projetos, projecten, "
        "projectnaam, projektnamn, prosjekt, projekti, hanke, projekty, nazwa projektu, "
        "název projektu, proje, проект, проєкт, プロジェクト, 案件, 项目, 프로젝트"
    ),
    "task": _words(
        "task, tasks, task name, activity, activities, activity name, activity type, work type, "
        "type of work, service, service item, todo, to do, issue, aufgabe, aufgaben, aufgabenname, "
        "tätigkeit, taetigkeit, aktivität, leistung, leistungsart, arbeitsart, vorgang, tâche, "
        "taches, tâches, tache, activité, prestation, tarea, tareas, actividad, servicio, attività, "
        "compito, tarefa, tarefas, atividade, serviço, taak, taken, activiteit, uppgift, aktivitet, "
        "opgave, oppgave, tehtävä, zadanie, czynność, úkol, úloha, činnost, feladat, tevékenység, "
        "zadatak, görev, задача, завдання, работа, タスク, 作業, 任务, 작업"
    ),
    "category": _words(
        "category, categories, category name, expense category, expense type, type of expense, "
        "cost type, kategorie, ausgabenkategorie, spesenart, kostenart, catégorie, categorie, "
        "categoría, categoria, kategori, kategoria, kategória, luokka, kategorija, категория, "
        "категорія, カテゴリ, 类别, 카테고리"
    ),
}
"""Names of columns for each field of `Fill` (groups, departments, teams and ids are not among them)."""
