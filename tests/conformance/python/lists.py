"""Lists come in pages by cursor, filtered and sorted, as the SDK and the generated client ask for them."""

import os

from daytona import CreateSandboxFromSnapshotParams, Daytona
from daytona_api_client import ApiClient, Configuration, SandboxApi

daytona = Daytona()
for name in ("a1", "a2", "a3", "b1", "b2"):
    daytona.create(CreateSandboxFromSnapshotParams(name=name, labels={"kind": name[0]}))
assert sorted(box.name for box in daytona.list()) == ["a1", "a2", "a3", "b1", "b2"]

api = SandboxApi(ApiClient(Configuration(host=os.environ["DAYTONA_API_URL"], access_token=os.environ["DAYTONA_API_KEY"])))
seen, cursor, pages = [], None, 0
while True:
    page = api.list_sandboxes(limit=2, cursor=cursor, sort="name", order="asc")
    seen += [item.name for item in page.items]
    pages += 1
    cursor = page.next_cursor
    if not cursor:
        break
assert seen == ["a1", "a2", "a3", "b1", "b2"] and pages == 3, (seen, pages)
found = api.list_sandboxes(labels='{"kind": "b"}', states=["started"], region_ids=["us"], min_cpu=1, is_public=False)
assert sorted(item.name for item in found.items) == ["b1", "b2"], found
assert api.list_sandboxes(name="A").items and not api.list_sandboxes(min_cpu=2).items
for box in daytona.list():
    box.delete()
print("fine")
