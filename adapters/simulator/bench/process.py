"""What the kernel says of a process. Linux only: there is no portable way to ask."""

import os
from pathlib import Path

from bot.errors import DeskhandError

_KIB = 1024
_MIB = 1024 * 1024
_AFTER_NAME_PARENT = 1
_AFTER_NAME_UTIME = 11
"""Where utime stands among the fields after the command's name; stime follows.

Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
"""


class NoProcError(DeskhandError):
    """There is no ``/proc`` to read."""

    hint = "Run this figure on Linux, or leave it out with --only."


def resident_mib(pid: int) -> float:
    """Return the memory of the process that is in RAM, in MiB.

    Raises:
        NoProcError: The process is gone, or this is not Linux.
    """
    for line in _read(pid, "status").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * _KIB / _MIB
    raise NoProcError(f"/proc/{pid}/status names no VmRSS")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that the process has used, in user and kernel mode.

    Raises:
        NoProcError: The process is gone, or this is not Linux.
    """
    return sum(_times(pid)[:2]) / os.sysconf("SC_CLK_TCK")


def family_cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process, its children, and those that have ended.

    Raises:
        NoProcError: The process is gone, or this is not Linux.
    """
    ended = sum(_times(pid)[:4])
    alive = 0
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                fields = _stat(int(folder.name))
            except NoProcError:  # it ended while we looked
                continue
            if int(fields[_AFTER_NAME_PARENT]) == pid:
                alive += sum(_times_of(fields)[:2])
    return (ended + alive) / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    # The name is in brackets and may itself contain spaces and brackets.
    return _read(pid, "stat").rpartition(")")[2].split()


def _times_of(fields: list[str]) -> list[int]:
    """Return utime, stime, and those of children that were waited for, in ticks."""
    first = _AFTER_NAME_UTIME
    return [int(n) for n in fields[first : first + 4]]


def _times(pid: int) -> list[int]:
    return _times_of(_stat(pid))


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text("utf-8")
    except OSError as error:
        raise NoProcError(f"/proc/{pid}/{name} cannot be read") from error
