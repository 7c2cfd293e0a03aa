"""What goes wrong arrives as the class that the SDK documents."""

from daytona import (
    CreateSandboxFromSnapshotParams,
    Daytona,
    DaytonaConfig,
    DaytonaConflictError,
    DaytonaNotFoundError,
)
import daytona as package

daytona = Daytona()


def expect(kind, act):
    try:
        act()
    except kind as error:
        return str(error)
    raise AssertionError(f"no {kind}")


wrong = Daytona(DaytonaConfig(api_key="dtn_wrong"))
expect(package.DaytonaAuthenticationError, lambda: list(wrong.list()))
expect(DaytonaNotFoundError, lambda: daytona.get("00000000-0000-4000-8000-000000000000"))
expect(DaytonaNotFoundError, lambda: daytona.create(CreateSandboxFromSnapshotParams(target="nowhere")))
text = expect(
    package.DaytonaBadRequestError,
    lambda: daytona.create(CreateSandboxFromSnapshotParams(snapshot="no-such-snapshot")),
)
assert "no-such-snapshot" in text, text
taken = daytona.create(CreateSandboxFromSnapshotParams(name="taken"))
text = expect(DaytonaConflictError, lambda: daytona.create(CreateSandboxFromSnapshotParams(name="taken")))
assert "taken" in text, text
taken.delete()
assert list(daytona.list()) == []
