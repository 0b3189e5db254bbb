"""Drive three clients of one account by drawn steps, and compare what each reads with a model."""

from collections import Counter
from decimal import Decimal
from itertools import count, cycle

from hypothesis import strategies as st

from harvest_async import BasicAuth, BearerAuth, HarvestV1, HarvestV2, Throttle
from harvest_async.testing import in_process
from harvest_async.v1.models import LineItem
from tests.agreement.kinds import DAYS, KINDS, PAID_AT, number_of

STATES = {
    # state -> the states that can follow, with the calls of v1 and v2
    "draft": {"open": ("mark_as_sent", "send")},
    "open": {"closed": ("mark_as_closed", "close"), "draft": ("mark_as_draft", "draft")},
    "closed": {"open": ("re_open", "reopen")},
}
FIRST = ("client", "project", "task", "user", "category", "task_assignment")
LINES = st.lists(st.tuples(st.decimals("1", "20", places=0), st.decimals("1", "500", places=2)), min_size=1, max_size=3)


def clients_of(sandbox):
    """Return a client of v1 in each format and one of v2, by name."""
    options = {"base_url": "http://127.0.0.1", "transport": in_process(sandbox), "throttle": Throttle(calls=10_000)}
    basic, app = BasicAuth("admin@example.com", "sandbox"), "tests (tests@example.com)"
    return {
        "v1 json": HarvestV1("sandbox", auth=basic, app=app, format="json", **options),
        "v1 xml": HarvestV1("sandbox", auth=basic, app=app, format="xml", **options),
        "v2": HarvestV2(1, auth=BearerAuth("sandbox-token"), app=app, **options),
    }


class Driver:
    """A model of the account, and the clients that write and read it.

    Attributes:
        model: the records by kind and id, each with neutral fields and `path`, the id in its path.
        steps: how many steps were made, by what they did.
    """

    def __init__(self, clients, draw):
        self.clients, self.draw = clients, draw
        self.model = {kind: {} for kind in (*KINDS, "invoice")}
        self.steps, self.count = {}, count(1)

    async def begin(self):
        """Create the records that others refer to, each with another client."""
        for writer, name in zip(cycle(sorted(self.clients)), FIRST):
            await self._create(writer, KINDS[name])

    async def step(self):
        """Make one drawn step with one drawn client, and compare what all clients read."""
        writer = self.draw(st.sampled_from(sorted(self.clients)))
        name, action = self.draw(st.sampled_from(self._possible()))
        self.steps[f"{action} {name}"] = self.steps.get(f"{action} {name}", 0) + 1
        if name == "invoice":
            await getattr(self, f"_{action}_invoice")(writer)
        else:
            await getattr(self, f"_{action}")(writer, KINDS[name])

    def _possible(self):
        """Return the steps that are possible now, as (kind, action)."""
        found = [(each.name, "create") for each in KINDS.values() if all(self.model[kind] for kind in each.parents)]
        found += [(each.name, "update") for each in KINDS.values() if self.model[each.name]]
        found += [(each.name, "delete") for each in KINDS.values() if self._unused(each)]
        if any(link["active"] for link in self.model["task_assignment"].values()):
            found.append(("entry", "time"))
        if self.model["client"]:
            found.append(("invoice", "create"))
        if self.model["invoice"]:
            found += [("invoice", "move"), ("invoice", "delete")]
        if self._with_state("open"):
            found.append(("invoice", "pay"))
        return found

    def _unused(self, kind):
        """Return the ids of a kind that no other record refers to."""
        if not kind.deletable:
            return []
        used = set()
        for name, records in self.model.items():
            for record in records.values():
                parents = KINDS[name].parents if name in KINDS else ("client",)
                if kind.name in parents:
                    field = "expense_category" if kind.name == "category" else kind.name
                    used.add(record.get(field) if field in record else record["path"])
                if kind.name == "task_assignment" and name == "entry":
                    used |= {
                        number
                        for number, link in self.model["task_assignment"].items()
                        if (link["path"], link["task"]) == (record["project"], record["task"])
                    }
                if kind.name in {"project", "task"} and name == "entry":
                    used.add(record[kind.name])
        found = [number for number in self.model[kind.name] if number not in used]
        if kind.name != "task_assignment":
            return found
        projects = Counter(link["path"] for link in self.model[kind.name].values())
        return [number for number in found if projects[self.model[kind.name][number]["path"]] > 1]  # one task remains

    # Records

    async def _create(self, writer, kind):
        fields, path = self._drawn(kind)
        if fields is None:
            return
        version = writer[:2]
        resource = getattr(self.clients[writer], kind.resources[version])
        given = self._written(kind, fields, version)
        number = await self._sent(resource, kind, given, path, version)
        self.model[kind.name][number] = {**fields, "path": path}
        await self._compare(kind, number)

    async def _sent(self, resource, kind, given, path, version):
        """Send a create, and the fields that v1 sets by an update afterwards."""
        if kind.path is None:
            record = await resource.create(**given, **kind.extra.get(version, {}))
            return record.id
        (place,) = (name for name in given if name in {"task_id", "user_id"})
        other = given.pop(place)
        if version == "v2":
            return (await resource.create(path, other, **given)).id
        number = (await resource.create(path, other)).id
        await resource.update(path, number, **given)
        return number

    def _drawn(self, kind):
        """Return the fields of a new record, and the id in its path; None if no parents are left."""
        fields, path = {}, None
        if kind.name == "entry":
            links = [link for link in self.model["task_assignment"].values() if link["active"] and self._mine(link)]
            if not links:
                return None, None
            link = self.draw(st.sampled_from(links))
            fields |= {"project": link["path"], "task": link["task"]}
        for parent in kind.parents:
            number = self.draw(st.sampled_from(sorted(self.model[parent])))
            field = "expense_category" if parent == "category" else parent
            if parent == kind.path:
                path = number
            elif field in kind.fields:
                fields[field] = number
        if kind.path and any(self._same_link(each, fields, path) for each in self.model[kind.name].values()):
            return None, None
        if kind.name == "expense" and not self._mine({"path": fields["project"]}):
            return None, None
        for name, field in kind.fields.items():
            if field.values is not None:
                fields[name] = self._value(field)
        return fields, path

    def _value(self, field):
        """Return a drawn value of a field, or a new name."""
        return field.values.format(next(self.count)) if isinstance(field.values, str) else self.draw(field.values)

    def _mine(self, link):
        """Return whether the administrator, who creates all projects, is on a project."""
        return link["path"] in self.model["project"]

    @staticmethod
    def _same_link(record, fields, path):
        return record["path"] == path and all(
            record[name] == fields[name] for name in ("task", "user") if name in fields
        )

    async def _time(self, writer, kind):
        """Start a timer with one client and stop it with another one."""
        links = [link for link in self.model["task_assignment"].values() if link["active"]]
        link = self.draw(st.sampled_from(links))
        harvest, day = self.clients[writer], self.draw(DAYS)
        place = link["path"], link["task"]
        if writer == "v2":
            number = (await harvest.time_entries.start(*place, day)).id
        else:
            number = (await harvest.time.start_timer(*place, spent_at=day)).id
        await self._compare_timer(number, is_running=True)
        other = self.draw(st.sampled_from(sorted(self.clients)))
        harvest = self.clients[other]
        await (harvest.time_entries.stop(number) if other == "v2" else harvest.time.toggle(number))
        hours = await self._compare_timer(number, is_running=False)
        project, task = place
        self.model["entry"][number] = {
            "project": project, "task": task, "day": day, "hours": hours, "notes": None, "path": None,
        }  # fmt: skip
        await self._compare(kind, number)

    async def _compare_timer(self, number, *, is_running):
        """Check that all clients read whether a timer runs; return the hours."""
        read = {}
        for name, client in self.clients.items():
            entry = await (client.time_entries if name == "v2" else client.time).get(number)
            assert (name, entry.timer_started_at is not None) == (name, is_running)
            read[name] = entry.hours
        if not is_running:
            assert len(set(read.values())) == 1
        return read["v2"]

    async def _update(self, writer, kind):
        number = self.draw(st.sampled_from(sorted(self.model[kind.name])))
        record = self.model[kind.name][number]
        name = self.draw(st.sampled_from([name for name, field in kind.fields.items() if field.changes]))
        change = {name: self._value(kind.fields[name])}
        version = writer[:2]
        resource = getattr(self.clients[writer], kind.resources[version])
        path = () if kind.path is None else (record["path"],)
        await resource.update(*path, number, **self._written(kind, change, version))
        record |= change
        await self._compare(kind, number)

    async def _delete(self, writer, kind):
        number = self.draw(st.sampled_from(self._unused(kind)))
        record = self.model[kind.name].pop(number)
        version = writer[:2]
        resource = getattr(self.clients[writer], kind.resources[version])
        path = () if kind.path is None else (record["path"],)
        await resource.delete(*path, number)
        for name, client in self.clients.items():
            listing = getattr(client, kind.resources[name[:2]])
            ids = await self._ids(listing, kind, name[:2], record)
            assert (name, number in ids) == (name, False)

    async def _ids(self, listing, kind, version, record):
        """Return the ids that a list has."""
        if kind.name == "entry" and version == "v1":
            return [each.id for each in (await listing.daily(record["day"])).day_entries]
        if kind.path is not None:
            call = listing.list if version == "v1" else listing.list_for_project
            return [each.id async for each in call(record["path"])]
        return [each.id async for each in listing.list()]

    def _written(self, kind, fields, version):
        return {
            kind.fields[name].names[version]: kind.fields[name].write[version](value) for name, value in fields.items()
        }

    async def _compare(self, kind, number):
        """Read a record with each client, and compare it with the model."""
        record = self.model[kind.name][number]
        wanted = {name: value for name, value in record.items() if name != "path"}
        path = () if kind.path is None else (record["path"],)
        for name, client in self.clients.items():
            version = name[:2]
            read = await getattr(client, kind.resources[version]).get(*path, number)
            found = self._read(kind, read, version)
            assert (name, found) == (name, wanted), (name, kind.name, found, wanted)

    @staticmethod
    def _read(kind, read, version):
        found = {}
        for name, field in kind.fields.items():
            own = field.names[version]
            if field.nested and version == "v2":
                found[name] = getattr(read, own.removesuffix("_id")).id
            else:
                found[name] = field.read[version](getattr(read, own))
        return found

    # Invoices

    def _with_state(self, state):
        return sorted(number for number, each in self.model["invoice"].items() if each["state"] == state)

    async def _create_invoice(self, writer):
        client, lines = self.draw(st.sampled_from(sorted(self.model["client"]))), self.draw(LINES)
        number = f"I-{next(self.count)}"
        harvest = self.clients[writer]
        if writer == "v2":
            items = [{"kind": "Service", "quantity": quantity, "unit_price": price} for quantity, price in lines]
            made = await harvest.invoices.create(client, number=number, line_items=items)
        else:
            items = [LineItem(kind="Service", quantity=quantity, unit_price=price) for quantity, price in lines]
            made = await harvest.invoices.create(client, "free_form", number=number, csv_line_items=items)
        self.model["invoice"][made.id] = {
            "client": client, "number": number, "lines": lines, "state": "draft", "paid": Decimal(), "path": None,
        }  # fmt: skip
        await self._compare_invoice(made.id)

    async def _move_invoice(self, writer):
        number = self.draw(st.sampled_from(sorted(self.model["invoice"])))
        record = self.model["invoice"][number]
        followers = STATES.get(record["state"], {}) if not record["paid"] else {}
        if not followers:
            return
        state = self.draw(st.sampled_from(sorted(followers)))
        v1, v2 = followers[state]
        harvest = self.clients[writer]
        await (getattr(harvest.invoices, v2) if writer == "v2" else getattr(harvest.invoice_messages, v1))(number)
        record["state"] = state
        await self._compare_invoice(number)

    async def _pay_invoice(self, writer):
        number = self.draw(st.sampled_from(self._with_state("open")))
        record = self.model["invoice"][number]
        due = number_of(record["lines"]) - record["paid"]
        amount = self.draw(st.sampled_from([due, (due / 2).quantize(Decimal("0.01"))]))
        if not amount:
            return
        harvest = self.clients[writer]
        if writer == "v2":
            await harvest.invoice_payments.create(number, amount, paid_at=PAID_AT, send_thank_you=False)
        else:
            await harvest.invoice_payments.create(number, amount, PAID_AT)
        record["paid"] += amount
        record["state"] = "paid" if amount == due else "open"
        await self._compare_invoice(number)

    async def _delete_invoice(self, writer):
        number = self.draw(st.sampled_from(sorted(self.model["invoice"])))
        del self.model["invoice"][number]
        await self.clients[writer].invoices.delete(number)
        for client in self.clients.values():
            assert number not in [each.id async for each in client.invoices.list()]

    async def _compare_invoice(self, number):
        record = self.model["invoice"][number]
        amount = number_of(record["lines"])
        wanted = (
            record["client"],
            record["number"],
            amount,
            amount - record["paid"],
            record["state"],
            len(record["lines"]),
        )
        for name, client in self.clients.items():
            read = await client.invoices.get(number)
            if name == "v2":
                found = (read.client.id, read.number, read.amount, read.due_amount, read.state, len(read.line_items))
            else:
                state = "open" if read.state == "partial" else read.state
                lines = len(read.lines)
                found = (read.client_id, read.number, read.amount, read.due_amount, state, lines)
            assert (name, found) == (name, wanted), (name, found, wanted)
