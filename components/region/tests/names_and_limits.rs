//! Names, ids and the most that a sandbox may ask for.

use region::{Refusal, Resources, check_name, check_resources, custom_id};

#[test]
fn names_are_short_plain_words() {
    let longest = "x".repeat(255);
    for good in ["ab", "us-east-1", "Lab_7.x", "..", longest.as_str()] {
        assert_eq!(check_name(good), Ok(()), "{good}");
    }
    let too_long = "x".repeat(256);
    for bad in ["", "a", "a b", "ü1", "a/b", "<b>", "a\n", "a\0", too_long.as_str()] {
        assert!(matches!(check_name(bad), Err(Refusal::InvalidName(_))), "{bad:?}");
    }
    let text = |name: &str| match check_name(name) {
        Err(Refusal::InvalidName(text)) => text,
        other => panic!("{other:?}"),
    };
    assert!(text("a b").contains("letters, digits"));
    assert!(text("a").contains("2 to 255"));
}

#[test]
fn ids_are_made_of_the_name_and_four_characters() {
    assert_eq!(custom_id("Lab", 0), "lab_aaaa");
    assert_eq!(custom_id("Lab", 35), "lab_9aaa");
    assert_eq!(custom_id("Lab", 36), "lab_abaa");
    for entropy in [1, 0xdead_beef, u64::MAX] {
        let id = custom_id("My.Region-1", entropy);
        let random = id.strip_prefix("my.region-1_").expect("the name first");
        assert_eq!(random.len(), 4);
        assert!(random.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    }
    assert_ne!(custom_id("Lab", 1), custom_id("Lab", 2));
}

#[test]
fn requests_up_to_the_limit_pass_and_everything_above_is_named() {
    let most = Resources {
        cpu: 4,
        memory_gib: 8,
        disk_gib: 10,
    };
    assert_eq!(check_resources(most, most), Ok(()));
    let over = check_resources(
        Resources {
            cpu: 5,
            memory_gib: 8,
            disk_gib: 11,
        },
        most,
    );
    assert_eq!(
        over,
        Err(Refusal::OverLimit(
            "cpu: 5 requested, at most 4 per sandbox, \
             disk: 11 GiB requested, at most 10 GiB per sandbox; ask for less"
                .into()
        ))
    );
}
