"""Whether a wheel and a source distribution hold what they must: python .ci/contents.py ROOT WHEEL SDIST."""

import sys
import tarfile
import zipfile
from pathlib import Path

SUFFIXES = (".py", ".h", ".typed")


def package_files(root: Path) -> set[str]:
    """Every module, header and marker of the package, as paths in an installation."""
    folders = {root / "jaxsim": "jaxsim", root / "kernels": "jaxsim/kernels"}  # jaxsim/kernels is a link
    return {
        f"{name}/{path.relative_to(folder)}"
        for folder, name in folders.items()
        for path in folder.rglob("*")
        if path.suffix in SUFFIXES and path.relative_to(folder).parts[0] != "kernels"
    }


def main() -> None:
    """Exit with the names of what is missing."""
    root, wheel, sdist = map(Path, sys.argv[1:])
    expected = package_files(root)
    with zipfile.ZipFile(wheel) as file:
        in_wheel = set(file.namelist())
    with tarfile.open(sdist) as file:
        in_sdist = {name.partition("/")[2] for name in file.getnames()}
    missing = {
        wheel.name: sorted(expected - in_wheel) + ["LICENSE"] * (not any(n.endswith("/LICENSE") for n in in_wheel)),
        sdist.name: sorted((expected | {"LICENSE", "README.md", "pyproject.toml"}) - in_sdist),
    }
    faults = [f"{name} lacks {', '.join(names)}" for name, names in missing.items() if names]
    strangers = sorted(name for name in in_wheel if not name.startswith(("jaxsim/", "jaxsim_inbound-")))
    if strangers:
        faults.append(f"{wheel.name} holds what is not of the package: {', '.join(strangers)}")
    if faults:
        raise SystemExit("\n".join(faults))
    print(f"{wheel.name} and {sdist.name}: all {len(expected)} files of the package, and the license")


if __name__ == "__main__":
    main()
