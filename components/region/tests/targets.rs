//! Targets, visibility and ownership.

use proptest::prelude::*;
use region::{Caller, Kind, Refusal, Region, check_own, resolve_target, visible};

fn region(id: &str, name: &str, kind: Kind, organization: Option<&str>) -> Region {
    Region {
        id: id.into(),
        name: name.into(),
        kind,
        organization: organization.map(str::to_owned),
        enforce_quotas: false,
    }
}

fn caller(organization: &str, default_region: Option<&str>) -> Caller {
    Caller {
        organization: organization.into(),
        default_region: default_region.map(str::to_owned),
        ..Caller::default()
    }
}

fn not_found(asked: &str) -> Refusal {
    Refusal::NotFound(format!(
        "region {asked} not found; list the regions to see those that you may use"
    ))
}

fn world() -> Vec<Region> {
    vec![
        region("us", "us", Kind::Shared, None),
        region("eu", "Europe", Kind::Shared, None),
        region("lab_aaaa", "Lab", Kind::Custom, Some("mine")),
        region("lab_bbbb", "Lab", Kind::Custom, Some("other")),
        region("us_cccc", "us", Kind::Custom, Some("mine")),
        region("big_dddd", "Big", Kind::Dedicated, Some("mine")),
        region("big_eeee", "Big", Kind::Dedicated, Some("other")),
        region("eu_ffff", "eu", Kind::Custom, Some("other")),
    ]
}

#[test]
fn targets_resolve_by_own_name_then_platform_name_then_id() {
    let cases = [
        (None, Ok("us")),
        (Some(""), Ok("us")),
        (Some("  "), Ok("us")),
        (Some("us"), Ok("us_cccc")),
        (Some("Europe"), Ok("eu")),
        (Some("eu"), Ok("eu")),
        (Some("Lab"), Ok("lab_aaaa")),
        (Some("lab_aaaa"), Ok("lab_aaaa")),
        (Some("Big"), Ok("big_dddd")),
        (Some(" Lab "), Ok("lab_aaaa")),
        (Some("lab"), Err("lab")),
        (Some("lab_bbbb"), Err("lab_bbbb")),
        (Some("big_eeee"), Err("big_eeee")),
        (Some("mars"), Err("mars")),
    ];
    let me = caller("mine", Some("us"));
    for (target, want) in cases {
        let want = want.map(str::to_owned).map_err(not_found);
        assert_eq!(resolve_target(&me, target, &world()), want, "{target:?}");
    }
}

#[test]
fn the_default_region_is_required_and_must_be_visible() {
    for target in [None, Some("us")] {
        let refused = resolve_target(&caller("mine", None), target, &world());
        assert_eq!(refused, Err(Refusal::DefaultRegionRequired));
    }
    for default in ["gone", "lab_bbbb"] {
        let refused = resolve_target(&caller("mine", Some(default)), None, &world());
        assert_eq!(refused, Err(not_found(default)));
    }
}

#[test]
fn own_regions_come_first_and_foreign_ones_not_at_all() {
    let ids = |organization: &str| -> Vec<String> {
        let seen = visible(&caller(organization, None), world());
        seen.into_iter().map(|region| region.id).collect()
    };
    assert_eq!(ids("mine"), ["lab_aaaa", "us_cccc", "big_dddd", "eu", "us"]);
    assert_eq!(ids("nobody"), ["eu", "us"]);
    assert_eq!(ids(""), ["eu", "us"]);
}

#[test]
fn regions_that_enforce_quotas_want_a_row_unless_they_are_the_default() {
    let strict = |mut region: Region| {
        region.enforce_quotas = true;
        region
    };
    let regions: Vec<Region> = world().into_iter().map(strict).collect();
    let mut me = caller("mine", Some("us"));
    // Its default and its own custom regions need no row; those of others stay invisible whatever the rows say.
    let refused = |me: &Caller, target: &str| match resolve_target(me, Some(target), &regions) {
        Err(Refusal::NoQuota(text)) => text,
        other => panic!("{target}: {other:?}"),
    };
    assert_eq!(resolve_target(&me, None, &regions), Ok("us".into()));
    assert_eq!(resolve_target(&me, Some("Lab"), &regions), Ok("lab_aaaa".into()));
    for target in ["Europe", "eu", "Big", "big_dddd"] {
        let text = refused(&me, target);
        assert!(text.contains("quota") && text.contains("ask its operator"), "{text}");
    }
    let ids = |me: &Caller| -> Vec<String> { visible(me, regions.clone()).into_iter().map(|r| r.id).collect() };
    assert_eq!(ids(&me), ["lab_aaaa", "us_cccc", "big_dddd", "us"]);
    me.quota_regions = ["eu", "big_dddd", "big_eeee", "lab_bbbb"].map(str::to_owned).to_vec();
    assert_eq!(resolve_target(&me, Some("eu"), &regions), Ok("eu".into()));
    assert_eq!(resolve_target(&me, Some("Big"), &regions), Ok("big_dddd".into()));
    for foreign in ["big_eeee", "lab_bbbb"] {
        assert_eq!(resolve_target(&me, Some(foreign), &regions), Err(not_found(foreign)));
    }
    assert_eq!(ids(&me), ["lab_aaaa", "us_cccc", "big_dddd", "eu", "us"]);
}

#[test]
fn only_own_custom_regions_may_be_changed() {
    let me = caller("mine", Some("us"));
    for region in world() {
        let answer = check_own(&me, &region);
        match (region.kind, region.organization.as_deref()) {
            (Kind::Custom, Some("mine")) => assert_eq!(answer, Ok(()), "{}", region.id),
            (Kind::Shared, _) | (Kind::Dedicated, Some("mine")) => {
                let text = match answer {
                    Err(Refusal::NotCustom(text)) => text,
                    other => panic!("{}: {other:?}", region.id),
                };
                assert!(text.contains("create a custom region"), "{text}");
            }
            _ => assert_eq!(answer, Err(not_found(&region.id)), "{}", region.id),
        }
    }
}

fn any_region() -> impl Strategy<Value = Region> {
    let kind = prop_oneof![Just(Kind::Shared), Just(Kind::Dedicated), Just(Kind::Custom)];
    ("[a-c]{1,2}", "[a-c]{1,2}", kind, prop::option::of("[xy]"))
        .prop_map(|(id, name, kind, organization)| region(&id, &name, kind, organization.as_deref()))
}

proptest! {
    /// Whatever is asked, the answer is a region that the caller sees; and whatever it sees, it can reach by id
    /// unless that id is some visible region's name.
    #[test]
    fn nobody_resolves_to_a_region_that_is_not_visible(
        mut regions in prop::collection::vec(any_region(), 0..12),
        target in "[a-c ]{0,2}",
    ) {
        regions.sort_by(|a, b| a.id.cmp(&b.id));
        regions.dedup_by(|a, b| a.id == b.id);
        let me = caller("x", Some("a"));
        let seen = visible(&me, regions.clone());
        if let Ok(id) = resolve_target(&me, Some(&target), &regions) {
            prop_assert!(seen.iter().any(|region| region.id == id));
        }
        for one in &seen {
            if !seen.iter().any(|other| other.name == one.id) {
                prop_assert_eq!(resolve_target(&me, Some(&one.id), &regions), Ok(one.id.clone()));
            }
        }
    }
}
