"""Commands in a pseudo-terminal."""

import os
import pty


def begin(shell, *words, **options):
    """Begin a command in a pseudo-terminal; return its process, and the end at which a person would be."""
    parent, child = pty.openpty()
    running = shell.start(*words, stdin=child, stdout=child, stderr=child, text=False, **options)
    os.close(child)
    return running, parent


def read_all(parent):
    """Return all that is shown until the terminal is closed."""
    return b"".join(_shown(parent)).decode(errors="replace")


def replied(shell, words, reply, **options):
    """Run a command and reply to its question; return the exit code and all that was shown.

    Args:
        shell: runs the command.
        words: its words.
        reply: is given the terminal and the process when the question is there.
        options: those of the process.
    """
    running, parent = begin(shell, *words, **options)
    shown, asked = b"", False
    for chunk in _shown(parent):
        shown += chunk
        if not asked and b"[y/N]" in shown:
            asked = True
            reply(parent, running)
    return running.wait(timeout=20), shown.decode(errors="replace")


def _shown(parent):
    while chunk := _read(parent):
        yield chunk
    os.close(parent)


def _read(parent):
    try:
        return os.read(parent, 4096)
    except OSError:  # so Linux reports the end
        return b""
