"""What is shipped and installed: documents, code plug-ins and factor packs.

Whatever is found twice or fails to load stops the process: a service that quietly lost a
methodology would leave its citizens uncredited.
"""

from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from methodologies.contract import Methodology
from methodologies.documents import Document, load_document
from methodologies.packs import Pack, load_pack

ENTRY_POINT_GROUP = "puhui.methodologies"
_HERE = Path(__file__).parent


class RegistryError(RuntimeError):
    """Two methodologies of one name and version, or one that stands in the wrong folder."""


def shipped() -> list[Methodology]:
    """Every methodology there is, sorted by id and version; read once in a process.

    Raises:
        RegistryError: one is there twice, or misplaced.
        DocumentError: a document is refused.
    """
    return list(_shipped())


@cache
def _shipped() -> tuple[Methodology, ...]:
    """The files are immutable while a process lives."""
    found: list[Methodology] = []
    for folder in sorted(path.parent for path in _HERE.glob("*/*/methodology.yaml")):
        document = _read_once(folder)
        manifest = document.manifest
        if (manifest.id, manifest.version) != (folder.parent.name, folder.name):
            raise RegistryError(
                f"{folder.parent.name}/{folder.name} is {manifest.id} {manifest.version}"
            )
        found.append(document)
    installed = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name)
    found += [entry.load() for entry in installed]
    return tuple(unique(found))


def unique(found: list[Methodology]) -> list[Methodology]:
    """The methodologies in order.

    Raises:
        RegistryError: two have one id and version.
    """
    by_key: dict[tuple[str, tuple[int, ...]], Methodology] = {}
    for methodology in found:
        manifest = methodology.manifest
        key = (manifest.id, tuple(int(part) for part in manifest.version.split(".")))
        if key in by_key:
            raise RegistryError(f"{manifest.id} {manifest.version} is there twice")
        by_key[key] = methodology
    return [by_key[key] for key in sorted(by_key)]


def packs() -> dict[str, Pack]:
    """Every factor pack in the package, by id, disabled ones included.

    Raises:
        RegistryError: a pack is there twice, or in a file of another name.
        DocumentError: a file is refused.
    """
    found: dict[str, Pack] = {}
    for path in sorted((_HERE / "factors").glob("*.yaml")):
        pack = _pack_read_once(path)
        if pack.id != path.stem:
            raise RegistryError(f"factors/{path.name} is the pack {pack.id}")
        found[pack.id] = pack
    return found


def load_file(path: Path) -> Document:
    """The methodology of one folder ``<id>/<version>``, or of one YAML file.

    Raises:
        DocumentError: a file is refused.
    """
    return load_document(path)


@cache
def _read_once(folder: Path) -> Document:
    """A shipped document; what came with the code does not change while it runs."""
    return load_file(folder)


@cache
def _pack_read_once(path: Path) -> Pack:
    """A shipped pack, for the same reason read once."""
    return load_pack(path)
