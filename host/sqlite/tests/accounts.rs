//! Organizations, members, roles, keys, users.

#![allow(missing_docs, reason = "tests")]

mod common;

use common::{NOW, ORGANIZATION, assert_invariants, create, open, organization, run, scratch, seen};
use sandbar_sqlite::SqliteStore;
use sandbar_store::{ApiKey, MemberRole, OrganizationChange, Principal, Role, StoreError, Suspension, User};

fn user(id: &str) -> User {
    User {
        id: id.into(),
        name: format!("Name {id}"),
        email: format!("{id}@example.org"),
        created: NOW,
    }
}

fn key(user: &str, name: &str, permissions: &[&str]) -> ApiKey {
    ApiKey {
        organization: ORGANIZATION.into(),
        user: user.into(),
        name: name.into(),
        hint: "dtn...xyz".into(),
        permissions: permissions.iter().map(|&it| it.into()).collect(),
        created: NOW,
        last_used: None,
        expires: Some(NOW + 1_000),
    }
}

fn hash(byte: &str) -> String {
    byte.repeat(32)
}

async fn join(store: &SqliteStore, user: &str, role: MemberRole, permissions: &[&str]) -> Result<(), StoreError> {
    let permissions = permissions.iter().map(|&it| it.into()).collect();
    let (organization, roles) = (ORGANIZATION.into(), vec!["role".into()]);
    let joined = store
        .put_member(organization, user.into(), role, roles, permissions, NOW + 1)
        .await;
    joined.map(|member| assert_eq!((member.user.id.as_str(), member.role), (user, role)))
}

#[test]
fn a_key_is_known_by_its_hash_until_it_is_deleted() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        let made = key("user", "ci", &["write:sandboxes"]);
        store.create_key(made.clone(), hash("c1")).await.expect("a key");
        assert_eq!(store.get_key(hash("c1")).await.expect("it"), made);
        let identity = store.authenticate(hash("c1")).await.expect("a look").expect("it");
        assert_eq!((identity.principal, identity.expires), (Principal::User, made.expires));
        let same_name = store.create_key(made.clone(), hash("c2")).await;
        assert!(matches!(same_name, Err(StoreError::Taken(name)) if name == "ci"));
        let same_hash = store.create_key(key("user", "other", &[]), hash("bb")).await;
        assert!(matches!(same_hash, Err(StoreError::Taken(_))), "{same_hash:?}");
        assert!(
            matches!(store.get_key(hash("bb")).await, Err(StoreError::NotFound(_))),
            "a runner's is no key"
        );
        store
            .create_key(key("second", "ci", &[]), hash("c3"))
            .await
            .expect("another's of that name");
        let names = async |user: Option<&str>| {
            let keys = store
                .list_keys(ORGANIZATION.into(), user.map(Into::into))
                .await
                .expect("a list");
            keys.into_iter().map(|it| (it.user, it.name)).collect::<Vec<_>>()
        };
        assert_eq!(names(Some("second")).await, [("second".into(), "ci".into())]);
        assert_eq!(names(None).await.len(), 3);

        for at in [NOW + 5, NOW + 3] {
            store
                .touch_keys(vec![(hash("c1"), at), (hash("ff"), at)])
                .await
                .expect("uses");
        }
        assert_eq!(
            store.get_key(hash("c1")).await.expect("it").last_used,
            Some(NOW + 5),
            "the latest stays"
        );
        let delete = || store.delete_key(ORGANIZATION.into(), "user".into(), "ci".into());
        delete().await.expect("deleted");
        assert!(matches!(delete().await, Err(StoreError::NotFound(_))));
        assert_eq!(store.authenticate(hash("c1")).await.expect("a look"), None);
    });
}

#[test]
fn a_key_without_an_organization_is_an_operators() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        let operator = ApiKey {
            organization: String::new(),
            ..key("root", "first", &[])
        };
        store.create_key(operator.clone(), hash("0e")).await.expect("a key");
        let identity = store.authenticate(hash("0e")).await.expect("a look").expect("it");
        assert_eq!(
            (identity.principal, identity.organization.as_str()),
            (Principal::Operator, "")
        );
        assert_eq!(store.list_keys(String::new(), None).await.expect("a list"), [operator]);
        assert_eq!(
            store.list_keys(ORGANIZATION.into(), None).await.expect("a list").len(),
            1,
            "not among theirs"
        );
        store
            .delete_key(String::new(), "root".into(), "first".into())
            .await
            .expect("deleted");
        assert_eq!(store.authenticate(hash("0e")).await.expect("a look"), None);
    });
}

#[test]
fn a_narrowed_member_keeps_only_keys_that_it_may_have() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        assert!(matches!(
            join(&store, "eve", MemberRole::Member, &[]).await,
            Err(StoreError::NotFound(_))
        ));
        store.put_user(user("eve")).await.expect("a user");
        join(&store, "eve", MemberRole::Member, &["a", "b"])
            .await
            .expect("a member");
        store
            .create_key(key("eve", "both", &["a", "b"]), hash("e1"))
            .await
            .expect("a key");
        store
            .create_key(key("eve", "one", &["b"]), hash("e2"))
            .await
            .expect("a key");
        store
            .create_key(key("eve", "none", &[]), hash("e3"))
            .await
            .expect("a key");
        join(&store, "eve", MemberRole::Member, &["a"]).await.expect("narrowed");
        assert_eq!(store.get_key(hash("e1")).await.expect("it").permissions, ["a"]);
        assert_eq!(
            store.authenticate(hash("e2")).await.expect("a look"),
            None,
            "it has lost all"
        );
        assert!(store.get_key(hash("e3")).await.is_ok(), "it had none to lose");
        let members = store.list_members(ORGANIZATION.into()).await.expect("a list");
        assert_eq!(members.len(), 2);
        assert_eq!(
            (members[0].user.email.as_str(), members[0].created, members[0].updated),
            ("eve@example.org", NOW + 1, NOW + 1)
        );

        let leave = |id: &str| store.delete_member(ORGANIZATION.into(), id.into());
        assert!(
            matches!(leave("user").await, Err(StoreError::Conflict(_))),
            "the last owner"
        );
        assert!(matches!(
            join(&store, "user", MemberRole::Member, &[]).await,
            Err(StoreError::Conflict(_))
        ));
        join(&store, "eve", MemberRole::Owner, &["a"])
            .await
            .expect("a second owner");
        leave("user").await.expect("now it may");
        assert_eq!(
            store.authenticate(hash("aa")).await.expect("a look"),
            None,
            "its key went with it"
        );
        assert!(matches!(leave("user").await, Err(StoreError::NotFound(_))));
        assert_invariants(&store).await;
    });
}

#[test]
fn roles_have_names_of_their_own_and_leave_their_members() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        let role = |id: &str, name: &str| Role {
            id: id.into(),
            organization: ORGANIZATION.into(),
            name: name.into(),
            description: "what it is for".into(),
            permissions: vec!["write:sandboxes".into()],
            created: NOW,
            updated: NOW,
        };
        store.put_role(role("role", "dev")).await.expect("a role");
        assert!(matches!(
            store.put_role(role("r2", "dev")).await,
            Err(StoreError::Taken(_))
        ));
        store.put_role(role("role", "developer")).await.expect("renamed");
        assert_eq!(
            store.list_roles(ORGANIZATION.into()).await.expect("a list"),
            [role("role", "developer")]
        );
        store.put_user(user("eve")).await.expect("a user");
        join(&store, "eve", MemberRole::Member, &[]).await.expect("a member");
        store
            .delete_role(ORGANIZATION.into(), "role".into())
            .await
            .expect("deleted");
        let members = store.list_members(ORGANIZATION.into()).await.expect("a list");
        assert!(members[0].roles.is_empty(), "{members:?}");
        let again = store.delete_role(ORGANIZATION.into(), "role".into()).await;
        assert!(matches!(again, Err(StoreError::NotFound(_))));
    });
}

#[test]
fn email_addresses_are_unique_unless_empty() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        store.put_user(user("eve")).await.expect("a user");
        let mut second = user("mallory");
        second.email = "eve@example.org".into();
        assert!(matches!(
            store.put_user(second.clone()).await,
            Err(StoreError::Taken(_))
        ));
        second.email = String::new();
        store
            .put_user(second)
            .await
            .expect("a user, as the first one has no address either");
        store.put_user(user("eve")).await.expect("again");
        assert_eq!(store.get_user("eve".into()).await.expect("it"), user("eve"));
        assert_eq!(store.list_users().await.expect("a list").len(), 3);
        assert!(matches!(store.get_user("x".into()).await, Err(StoreError::NotFound(_))));
    });
}

#[test]
fn organizations_are_made_changed_suspended_and_deleted() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 5).await;
        let make = |id: &str, most| store.create_organization(organization(id), "user".into(), most);
        make("two", 3).await.expect("one more");
        assert!(matches!(make("two", 3).await, Err(StoreError::Taken(_))));
        assert!(
            matches!(make("three", 2).await, Err(StoreError::Conflict(_))),
            "two are made"
        );
        let stranger = store.create_organization(organization("x"), "nobody".into(), 9).await;
        assert!(matches!(stranger, Err(StoreError::NotFound(_))));
        let of_user = store.list_organizations(Some("user".into())).await.expect("a list");
        assert_eq!(
            of_user.into_iter().map(|it| it.id).collect::<Vec<_>>(),
            [ORGANIZATION, "two"]
        );
        assert!(
            store
                .list_organizations(Some("nobody".into()))
                .await
                .expect("a list")
                .is_empty()
        );
        assert_eq!(store.list_organizations(None).await.expect("a list").len(), 2);

        let suspension = Suspension {
            reason: "unpaid".into(),
            since: NOW,
            until: None,
        };
        let change = OrganizationChange {
            name: Some("Renamed".into()),
            total_cpu: Some(99),
            suspended: Some(Some(suspension.clone())),
            ..OrganizationChange::default()
        };
        let changed = store
            .change_organization("two".into(), change, NOW + 9)
            .await
            .expect("changed");
        assert_eq!(
            (changed.name.as_str(), changed.total_cpu, changed.max_cpu),
            ("Renamed", 99, 4)
        );
        assert_eq!((changed.suspended, changed.updated), (Some(suspension), NOW + 9));
        let end = OrganizationChange {
            suspended: Some(None),
            ..OrganizationChange::default()
        };
        let changed = store
            .change_organization("two".into(), end, NOW + 10)
            .await
            .expect("changed");
        assert_eq!((changed.suspended, changed.total_cpu), (None, 99));

        store.delete_organization("two".into()).await.expect("it is empty");
        create(&store, "s").await.expect("a create");
        let delete = || store.delete_organization(ORGANIZATION.into());
        assert!(
            matches!(delete().await, Err(StoreError::Conflict(_))),
            "it has a sandbox"
        );
        let gone = store
            .report("r".into(), 0, vec![seen("s", 1, "destroyed")], None, NOW)
            .await;
        assert_eq!(gone.expect("a report").changed.len(), 1);
        delete().await.expect("it is empty");
        assert_eq!(
            store.authenticate(hash("aa")).await.expect("a look"),
            None,
            "its keys went with it"
        );
        assert!(matches!(delete().await, Err(StoreError::NotFound(_))));
        assert_invariants(&store).await;
    });
}
