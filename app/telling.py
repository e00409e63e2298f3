"""How the operator's tool speaks: refusals as sentences with an exit code, in both languages.

Exit codes: 0 done, 1 a breach or a refusal, 2 a wrong command, 3 a server is away, 130 Ctrl-C.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import GeneratorType
from typing import NoReturn

import psycopg
import psycopg_pool
import typer
from pydantic import ValidationError
from rich.console import Console

from app.embedded import EngineError
from app.intake.files_table import FileProblem
from app.problems import DomainError

err = Console(stderr=True, highlight=False)
out = Console(highlight=False, width=None if sys.stdout.isatty() else 120)

AWAY = 3


@contextmanager
def told() -> Iterator[None]:
    """Turn whatever goes wrong into a sentence and an exit code; a bug stays a traceback."""
    try:
        yield
    except FileProblem as error:
        end(error.exit_code, error.detail_zh, error.detail)
    except DomainError as error:
        end(1, error.detail_zh, error.detail)
    except ValidationError as error:
        wrong = "; ".join(_told_setting(each["loc"], each["msg"]) for each in error.errors())
        end(2, "配置有误。", f"The settings are wrong: {wrong}.")
    except EngineError as error:
        end(AWAY, "内置数据库无法启动。", str(error))
    except psycopg.errors.UndefinedTable:
        end(1, "数据库尚未迁移,请运行 puhui migrate。", "Run `puhui migrate` first.")
    except (psycopg.OperationalError, psycopg_pool.PoolTimeout) as error:
        why = str(error).strip().splitlines()[:1]
        end(AWAY, "数据库无应答。", f"PostgreSQL does not answer: {''.join(why)}")
    except OSError as error:  # a full disk, a folder that may not be written
        end(1, "文件系统出错。", str(error))
    except KeyboardInterrupt:
        end(130, "已中断。", "Interrupted; whatever was committed stays.")


def quiet_about_the_driver(told: "sys.UnraisableHookArgs") -> None:
    """What Python cannot raise, less one thing: a driver's question that nobody waits for.

    Ctrl-C in the middle of a pipeline closes its connection; when the driver's generator is
    thrown away afterwards it asks once more, and fails. Everything else is shown as ever.
    """
    if isinstance(told.object, GeneratorType) and isinstance(told.exc_value, psycopg.Error):
        return
    sys.__unraisablehook__(told)


def end(code: int, zh: str, en: str) -> NoReturn:
    """Say it in both languages on standard error, and leave."""
    err.print(f"[red]{zh}[/]", soft_wrap=True)
    err.print(en, style="red", markup=False, soft_wrap=True)
    raise typer.Exit(code) from None


def _told_setting(place: tuple[int | str, ...], message: str) -> str:
    name = "PUHUI_" + "__".join(str(part).upper() for part in place) if place else ""
    return f"{name} {message}".strip()
