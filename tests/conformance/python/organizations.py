"""Organizations, members, roles and keys through the generated client."""

import os

from daytona_api_client import (
    ApiKeysApi,
    CreateApiKey,
    CreateOrganization,
    CreateOrganizationRole,
    OrganizationsApi,
    UpdateOrganizationDefaultRegion,
    UpdateOrganizationMemberAccess,
    UpdateOrganizationRole,
    UsersApi,
)
from daytona_api_client.exceptions import ApiException

from fleet import client

URL, KEY = os.environ["DAYTONA_API_URL"], os.environ["DAYTONA_API_KEY"]


def refused(status, act):
    try:
        act()
    except ApiException as error:
        assert error.status == status, (error.status, error.body)
        return
    raise AssertionError(f"not refused with {status}")


mine = client(URL, KEY)
organizations, keys, users = OrganizationsApi(mine), ApiKeysApi(mine), UsersApi(mine)

me = users.get_authenticated_user()
assert me.id and me.public_keys == []
assert "Personal" in [one.name for one in organizations.list_organizations()]
made = organizations.create_organization(CreateOrganization(name="acme", default_region_id="us"))
assert (made.name, made.personal, made.suspended, made.created_by) == ("acme", False, False, me.id), made
assert organizations.get_organization(made.id).max_cpu_per_sandbox == 4
organizations.set_organization_default_region(made.id, UpdateOrganizationDefaultRegion(default_region_id="us"))
usage = organizations.get_organization_usage_overview(made.id)
assert [(row.region_id, row.total_cpu_quota, row.current_cpu_usage) for row in usage.region_usage] == [("us", 10, 0)]

members = organizations.list_organization_members(made.id)
assert [(member.user_id, member.role) for member in members] == [(me.id, "owner")]
refused(403, lambda: organizations.delete_organization_member(made.id, me.id))
assert len(organizations.list_organization_roles(made.id)) == 8
body = CreateOrganizationRole(name="builder", description="builds", permissions=["write:sandboxes"])
role = organizations.create_organization_role(made.id, body)
assert role.permissions == ["write:sandboxes"] and not role.is_global
body = UpdateOrganizationRole(name="builder", description="builds more", permissions=["write:sandboxes", "write:regions"])
assert organizations.update_organization_role(made.id, role.id, body).description == "builds more"
access = UpdateOrganizationMemberAccess(role="owner", assigned_role_ids=[role.id])
member = organizations.update_access_for_organization_member(made.id, me.id, access)
assert [one.name for one in member.assigned_roles] == ["builder"]
organizations.delete_organization_role(made.id, role.id)
assert len(organizations.list_organization_roles(made.id)) == 8
organizations.delete_organization(made.id)

made = keys.create_api_key(CreateApiKey(name="ci", permissions=["write:sandboxes"]))
assert made.value.startswith("dtn_") and made.permissions == ["write:sandboxes"]
refused(409, lambda: keys.create_api_key(CreateApiKey(name="ci", permissions=["write:sandboxes"])))
assert sorted(key.name for key in keys.list_api_keys()) == ["bootstrap", "ci"]
assert keys.get_api_key("ci").value == made.value[:3] + "*" * 20 + made.value[-3:]
restricted = ApiKeysApi(client(URL, made.value))
assert restricted.get_current_api_key().name == "ci"
refused(403, lambda: restricted.create_api_key(CreateApiKey(name="more", permissions=["write:regions"])))
keys.delete_api_key("ci")
refused(401, lambda: restricted.get_current_api_key())
again = keys.create_api_key(CreateApiKey(name="ci", permissions=[]))
keys.delete_api_key_for_user(me.id, "ci")
refused(404, lambda: keys.get_api_key("ci"))
print("fine")
