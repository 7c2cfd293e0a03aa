"""Every documented endpoint of regions and runners, through the generated client: whatever it decodes has every required
field, and any other status than the documented one would give none."""

import json
import os
import urllib.request

import daytona as package
from daytona import CreateSandboxFromSnapshotParams, Daytona
from daytona_api_client import (
    CreateRegion,
    CreateRunner,
    JobsApi,
    OrganizationsApi,
    RegionsApi,
    RunnersApi,
    UpdateRegion,
)
from daytona_api_client.exceptions import ApiException

from fleet import Machine, client

URL, KEY = os.environ["DAYTONA_API_URL"], os.environ["DAYTONA_API_KEY"]


def refused(status, act):
    try:
        act()
    except ApiException as error:
        assert error.status == status, (error.status, error.body)
        return json.loads(error.body)["message"]
    raise AssertionError(f"not refused with {status}")


def raw(method, path, body):
    """For what the generated client does not know, or sends without the documented body."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(URL + path, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


mine = client(URL, KEY)
regions, runners, shared = OrganizationsApi(mine), RunnersApi(mine), RegionsApi(client(URL, ""))

assert "us" in [region.id for region in shared.list_shared_regions()]
made = regions.create_region(
    CreateRegion(
        name="Lab",
        proxy_url="http://proxy.lab.example",
        ssh_gateway_url="ssh://gate.lab.example:2222",
        snapshot_manager_url="http://snapshots.lab.example",
    )
)
assert made.proxy_api_key and made.ssh_gateway_api_key, made
assert made.snapshot_manager_username == "daytona" and len(made.snapshot_manager_password) == 16
assert "Lab" in refused(409, lambda: regions.create_region(CreateRegion(name="Lab")))
refused(400, lambda: regions.create_region(CreateRegion(name="no spaces")))
region = regions.get_region_by_id(made.id)
assert (region.name, region.region_type, region.ssh_gateway_url) == ("Lab", "custom", "ssh://gate.lab.example:2222")
assert [one.name for one in regions.list_available_regions()][0] == "Lab", "one's own come first"
regions.update_region(made.id, UpdateRegion(ssh_gateway_url=""))
assert regions.get_region_by_id(made.id).ssh_gateway_url is None
assert regions.regenerate_proxy_api_key(made.id).api_key != made.proxy_api_key
refused(400, lambda: regions.regenerate_ssh_gateway_api_key(made.id))
assert regions.regenerate_snapshot_manager_credentials(made.id).username == "daytona"
regions.update_region(made.id, UpdateRegion(proxy_url="", snapshot_manager_url=""))

registered = runners.create_runner(CreateRunner(region_id=made.id, name="m1", tags=["fast"]))
refused(409, lambda: runners.create_runner(CreateRunner(region_id=made.id, name="m1")))
refused(404, lambda: runners.create_runner(CreateRunner(region_id="nowhere", name="m1")))
assert runners.get_runner_by_id(registered.id).state == "initializing"
machine = Machine(URL, registered.api_key)
seen = runners.get_runner_by_id(registered.id)
assert (seen.state, seen.cpu, seen.memory, seen.disk, seen.tags) == ("ready", 8, 16, 100, ["fast"]), seen
assert seen.availability_score > 50 and seen.current_snapshot_count == 1 and seen.last_checked, seen
assert [runner.id for runner in runners.list_runners(region_id=made.id)] == [registered.id]
own = machine.runners.get_info_for_authenticated_runner()
assert (own.id, own.api_key, own.region_type) == (registered.id, registered.api_key, "custom")
assert machine.runners.get_snapshot_refs_for_authenticated_runner() == ["sandbar"]
refused(400, lambda: runners.get_runner_by_id("nonsense"))
refused(403, lambda: machine.runners.list_runners())
refused(403, lambda: runners.get_info_for_authenticated_runner())

# A target lands there, by name and by id, and nowhere else.
daytona = Daytona()
boxes = [daytona.create(CreateSandboxFromSnapshotParams(target=target)) for target in ("Lab", made.id)]
for box in boxes:
    assert (box.target, box.state) == (made.id, "started"), box
    assert ("CREATE_SANDBOX", box.id) in machine.done
elsewhere = daytona.create(CreateSandboxFromSnapshotParams(target="us"))
assert elsewhere.target == "us" and ("CREATE_SANDBOX", elsewhere.id) not in machine.done
assert machine.jobs.get_job(f"{boxes[0].id}.1.create").status == "COMPLETED"
assert machine.jobs.list_jobs(page=1, limit=10).total == 0
refused(404, lambda: JobsApi(client(URL, registered.api_key)).get_job(f"{elsewhere.id}.1.create"))
# Another's region is as unknown as one that is not there.
other = OrganizationsApi(client(URL, raw("POST", "/admin/users", {"name": "eve"})["apiKey"]))
foreign = other.create_region(CreateRegion(name="Theirs"))
for target in ("Nowhere", "Theirs", foreign.id):
    try:
        daytona.create(CreateSandboxFromSnapshotParams(target=target))
        raise AssertionError(f"target {target}")
    except package.DaytonaNotFoundError as error:
        assert target in str(error), error
refused(404, lambda: regions.get_region_by_id(foreign.id))
refused(404, lambda: runners.create_runner(CreateRunner(region_id=foreign.id, name="m1")))

# Services of the region see what is in it.
fresh = regions.regenerate_proxy_api_key
refused(400, lambda: fresh(made.id))
regions.update_region(made.id, UpdateRegion(proxy_url="http://proxy.lab.example", ssh_gateway_url="ssh://g.example"))
proxy = RunnersApi(client(URL, fresh(made.id).api_key))
gateway = RunnersApi(client(URL, regions.regenerate_ssh_gateway_api_key(made.id).api_key))
for service in (proxy, gateway):
    assert service.get_runner_full_by_id(registered.id).id == registered.id
    assert service.get_runner_by_sandbox_id(boxes[0].id).id == registered.id
    refused(404, lambda: service.get_runner_by_sandbox_id(elsewhere.id))
assert [found.runner_id for found in proxy.get_runners_by_snapshot_ref("sandbar")] == [registered.id]
regions.update_region(made.id, UpdateRegion(proxy_url="", ssh_gateway_url=""))

# A runner goes only when nothing new comes and nothing is left.
assert raw("PATCH", f"/runners/{registered.id}/draining", {"draining": True})["draining"] is True
try:
    daytona.create(CreateSandboxFromSnapshotParams(target="Lab"))
    raise AssertionError("a draining runner took a sandbox")
except package.DaytonaBadRequestError as error:
    assert "no available runners" in str(error), error
assert "unschedulable" in refused(400, lambda: runners.delete_runner(registered.id))
assert raw("PATCH", f"/runners/{registered.id}/scheduling", {"unschedulable": True})["unschedulable"] is True
refused(400, lambda: runners.delete_runner(registered.id))
refused(400, lambda: regions.delete_region(made.id))
for box in [*boxes, elsewhere]:
    box.delete()
runners.delete_runner(registered.id)
refused(404, lambda: runners.get_runner_by_id(registered.id))
refused(401, lambda: machine.runners.get_info_for_authenticated_runner())
regions.delete_region(made.id)
refused(404, lambda: regions.get_region_by_id(made.id))
print("fine")
os._exit(0)  # the machine's thread still waits for jobs
