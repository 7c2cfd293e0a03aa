"""Object storage as S3 clients see it: whose keys are whose, and what a wrong signature, time or body gets."""

import json
import os
import urllib.error
import urllib.request

from obstore.store import S3Store

url, key = os.environ["DAYTONA_API_URL"], os.environ["DAYTONA_API_KEY"]


def access():
    request = urllib.request.Request(f"{url}/object-storage/push-access", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def store(given, **changed):
    given = {**given, **changed}
    return S3Store(
        bucket=given["bucket"],
        endpoint=given["storageUrl"],
        region=given["region"],
        access_key_id=given["accessKey"],
        secret_access_key=given["secret"],
        session_token=given["sessionToken"],
        client_options={"allow_http": True, "timeout": "20s"},
        retry_config={"max_retries": 0},
    )


mine = access()
assert set(mine) == {"accessKey", "secret", "sessionToken", "storageUrl", "organizationId", "bucket", "region"}, mine
organization = mine["organizationId"]
bucket = store(mine)
path = f"{organization}/0123456789abcdef0123456789abcdef/context.tar"

# Whole, and in parts.
bucket.put(path, b"small", use_multipart=False)
assert bytes(bucket.get(path).bytes()) == b"small"
large = os.urandom(11 << 20)
bucket.put(path, large, use_multipart=True, chunk_size=5 << 20, max_concurrency=4)
assert bytes(bucket.get(path).bytes()) == large
assert bucket.head(path)["size"] == len(large)
listed = [item["path"] for batch in bucket.list(f"{organization}/") for item in batch]
assert path in listed and all(item.startswith(f"{organization}/") for item in listed), listed
strange = f"{organization}/a b/ä+%2e/..x"
bucket.put(strange, b"strange", use_multipart=False)
assert bytes(bucket.get(strange).bytes()) == b"strange"
try:
    bucket.head(f"{organization}/none")
    raise AssertionError("what was never written is there")
except FileNotFoundError:
    pass


def denied(attempt, code):
    try:
        attempt()
    except Exception as error:
        assert not isinstance(error, AssertionError) and code in str(error), (code, error)
        return
    raise AssertionError(f"allowed; {code} was expected")


other = "00000000-0000-0000-0000-000000000000"
denied(lambda: bucket.get(f"{other}/x/context.tar"), "AccessDenied")
denied(lambda: bucket.put(f"{other}/x", b"x", use_multipart=False), "AccessDenied")
denied(lambda: [*bucket.list(f"{other}/")], "AccessDenied")
denied(lambda: [*bucket.list()], "AccessDenied")
denied(lambda: store(mine, secret="0" * 64).get(path), "SignatureDoesNotMatch")
denied(lambda: store(mine, sessionToken=mine["sessionToken"].replace(organization, other)).get(path), "InvalidAccessKeyId")
denied(lambda: store(mine, accessKey="A" * 20).get(path), "InvalidAccessKeyId")
token = mine["sessionToken"].rsplit(";", 1)
denied(lambda: store(mine, sessionToken=f"{token[0]};{int(token[1]) + 10**6}").get(path), "InvalidAccessKeyId")
denied(lambda: store(mine, bucket="another").get(path), "NoSuchBucket")
for name in ("context.tar", "../../plane.db"):
    try:
        urllib.request.urlopen(f"{mine['storageUrl']}/{mine['bucket']}/{organization}/{name}")
        raise AssertionError("it is open to anybody")
    except urllib.error.HTTPError as error:
        assert error.code == 403, error
# A user's key fetches nothing by the runners' way.
request = urllib.request.Request(
    mine["storageUrl"].replace("/object-storage", f"/contexts/{organization}/0123456789abcdef0123456789abcdef"),
    headers={"Authorization": f"Bearer {key}"},
)
try:
    urllib.request.urlopen(request)
    raise AssertionError("a user was taken for a runner")
except urllib.error.HTTPError as error:
    assert error.code == 404, error
