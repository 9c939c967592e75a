//! Commands on shops: what they change, and what they ask before they do.

use super::*;

fn registry() -> (tempfile::TempDir, Registry) {
    let directory = tempfile::tempdir().unwrap();
    let registry = Registry::open(&directory.path().join("shops.json")).unwrap();
    (directory, registry)
}

fn new(name: &str, slug: Option<&str>) -> NewShop {
    NewShop {
        slug: slug.map(str::to_owned),
        name: name.into(),
        time_zone: "Asia/Shanghai".into(),
        currency: "CNY".into(),
        origins: Vec::new(),
        after_sale_days: None,
        payments: Payments::Any,
        max_browser_amount: None,
        privacy_signal: PrivacySignal::Respect,
        public_key: None,
    }
}

fn added(registry: &Registry, new: NewShop) -> AddedShop {
    match apply(registry, Command::Add(new), "https://t.example/").unwrap() {
        Reply::Added(added) => added,
        other => panic!("{other:?}"),
    }
}

fn set(registry: &Registry, slug: &str, changes: Changes) -> Result<Reply, CommandError> {
    apply(registry, Command::Set { slug: slug.into(), changes, confirmed: false }, "")
}

#[test]
fn a_slug_comes_from_the_name_or_is_numbered() {
    let (_directory, registry) = registry();
    assert_eq!(added(&registry, new("Lakeside Tea", None)).slug, "lakeside-tea");
    assert_eq!(added(&registry, new("湖畔茶铺", None)).slug, "shop-2");
    assert_eq!(added(&registry, new("茶", None)).slug, "shop-3");
    let again = apply(&registry, Command::Add(new("x", Some("shop-2"))), "").unwrap_err();
    assert!(matches!(again, CommandError::SlugTaken(_)), "{again}");
}

#[test]
fn keys_survive_reopening_and_are_kept_as_hashes() {
    let (directory, registry) = registry();
    let shop = added(&registry, new("Tea", None));
    let path = directory.path().join("shops.json");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(&shop.secret_key) && !text.contains(&shop.read_key));
    let reopened = Registry::open(&path).unwrap();
    let snapshot = reopened.snapshot();
    assert_eq!(snapshot.by_key(&shop.secret_key).unwrap().0, KeyKind::Secret);
    assert_eq!(snapshot.by_key(&shop.read_key).unwrap().0, KeyKind::Read);
    assert_eq!(snapshot.by_public_key(&shop.public_key).unwrap().slug, "tea");
    assert_eq!(
        shop.script_tag,
        format!(r#"<script defer src="https://t.example/s.js" data-shop="{}"></script>"#, shop.public_key)
    );
}

#[test]
fn rotation_keeps_one_older_key_unless_told_to_revoke() {
    let (_directory, registry) = registry();
    let first = added(&registry, new("Tea", None)).read_key;
    let rotate = |revoke_old| {
        let command =
            Command::RotateKey { slug: "tea".into(), kind: KeyKind::Read, revoke_old, confirmed: true };
        match apply(&registry, command, "").unwrap() {
            Reply::Key { key, .. } => key,
            other => panic!("{other:?}"),
        }
    };
    let works = |key: &str| registry.snapshot().by_key(key).is_some();
    let second = rotate(false);
    assert!(works(&first) && works(&second));
    let third = rotate(false);
    assert!(!works(&first) && works(&second) && works(&third));
    let fourth = rotate(true);
    assert!(!works(&second) && !works(&third) && works(&fourth));
}

#[test]
fn a_time_zone_is_fixed_by_the_first_event_and_a_slug_with_events_is_retired() {
    let (_directory, registry) = registry();
    added(&registry, new("Tea", None));
    let utc = || Changes { time_zone: Some("UTC".into()), ..Changes::default() };
    set(&registry, "tea", utc()).unwrap();
    registry.mark_events("tea").unwrap();
    set(&registry, "tea", utc()).unwrap();
    let moved = set(&registry, "tea", Changes { time_zone: Some("Asia/Tokyo".into()), ..utc() });
    assert!(matches!(moved.unwrap_err(), CommandError::TimeZoneFixed(_)));
    apply(&registry, Command::Remove { slug: "tea".into() }, "").unwrap();
    let again = apply(&registry, Command::Add(new("Tea", None)), "").unwrap_err();
    assert!(matches!(again, CommandError::SlugTaken(_) | CommandError::SlugRetired(_)), "{again}");
}

#[test]
fn a_change_that_reaches_back_or_locks_out_wants_a_yes() {
    let (_directory, registry) = registry();
    added(&registry, new("Tea", None));
    let changes: [(Changes, &str); 4] = [
        (Changes { currency: Some("EUR".into()), ..Changes::default() }, "stored amounts stay CNY"),
        (Changes { after_sale_days: Some(7), ..Changes::default() }, "7 instead of 21 days"),
        (
            Changes { origins: Some(vec!["https://tea.example".into()]), ..Changes::default() },
            "any other origin than https://tea.example",
        ),
        (
            Changes { payments: Some(Payments::Server), ..Changes::default() },
            "only what is sent with its secret key counts",
        ),
    ];
    registry.mark_events("tea").unwrap();
    let before = registry.snapshot().by_slug("tea").unwrap().clone();
    for (changes, says) in changes {
        let error = set(&registry, "tea", changes.clone()).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains("--yes"), "{error}");
        assert_eq!(*registry.snapshot().by_slug("tea").unwrap(), before, "{says}");
        let confirmed = Command::Set { slug: "tea".into(), changes: changes.clone(), confirmed: true };
        apply(&registry, confirmed, "").unwrap();
        // What is so already changes nothing.
        set(&registry, "tea", changes).unwrap();
        registry
            .edit(|shops| {
                if let Some(shop) = shops.get_mut("tea") {
                    *shop = (*before).clone();
                }
                Ok::<_, CommandError>(())
            })
            .unwrap();
    }
    // What opens, or is of the future alone, is not asked about.
    let open = Changes { origins: Some(Vec::new()), name: Some("x".into()), ..Changes::default() };
    set(&registry, "tea", open).unwrap();
}

#[test]
fn a_shop_without_events_may_become_anything() {
    let (_directory, registry) = registry();
    added(&registry, new("Tea", None));
    set(&registry, "tea", Changes { currency: Some("EUR".into()), ..Changes::default() }).unwrap();
}

#[test]
fn a_third_key_wants_a_yes_because_it_ends_the_first() {
    let (_directory, registry) = registry();
    added(&registry, new("Tea", None));
    let rotate = |revoke_old, confirmed| {
        let kind = KeyKind::Read;
        apply(&registry, Command::RotateKey { slug: "tea".into(), kind, revoke_old, confirmed }, "")
    };
    rotate(false, false).unwrap();
    let before = registry.snapshot().by_slug("tea").unwrap().clone();
    let error = rotate(false, false).unwrap_err().to_string();
    assert!(error.contains("2 read keys already") && error.contains("--yes"), "{error}");
    assert_eq!(*registry.snapshot().by_slug("tea").unwrap(), before);
    rotate(false, true).unwrap();
    rotate(true, false).unwrap();
}

#[test]
fn declared_shops_take_the_rules_of_the_file_and_keep_their_keys() {
    let (_directory, registry) = registry();
    let mut tea = new("Tea", Some("tea"));
    declare(&registry, std::slice::from_ref(&tea)).unwrap();
    let key = registry.snapshot().by_slug("tea").unwrap().public_keys[0].clone();
    tea.name = "Tea House".into();
    declare(&registry, &[tea]).unwrap();
    let snapshot = registry.snapshot();
    let shop = snapshot.by_slug("tea").unwrap();
    assert_eq!((shop.name.as_str(), &shop.public_keys[0]), ("Tea House", &key));
    let changed = set(&registry, "tea", Changes { name: Some("x".into()), ..Changes::default() });
    assert!(matches!(changed.unwrap_err(), CommandError::Declared(_)));
}

#[test]
fn two_declared_shops_never_share_a_slug_or_a_key() {
    let (_directory, registry) = registry();
    let key = Some(KeyKind::Public.make());
    let tea = NewShop { public_key: key.clone(), ..new("Tea", Some("tea")) };
    let cup = NewShop { public_key: key, ..new("Cup", Some("cup")) };
    let error = declare(&registry, &[tea.clone(), cup]).unwrap_err().to_string();
    assert!(error.contains("`cup`") && error.contains("belongs to another shop"), "{error}");
    let error = declare(&registry, &[tea.clone(), tea]).unwrap_err().to_string();
    assert!(error.contains("`tea` is taken"), "{error}");
}

#[test]
fn a_rotated_key_of_a_declared_shop_outlives_a_restart() {
    let (_directory, registry) = registry();
    let tea = NewShop { public_key: Some(KeyKind::Public.make()), ..new("Tea", Some("tea")) };
    declare(&registry, std::slice::from_ref(&tea)).unwrap();
    let rotate =
        Command::RotateKey { slug: "tea".into(), kind: KeyKind::Public, revoke_old: false, confirmed: false };
    let Reply::Key { key, .. } = apply(&registry, rotate, "").unwrap() else { panic!() };
    declare(&registry, std::slice::from_ref(&tea)).unwrap();
    assert!(registry.snapshot().by_public_key(&key).is_some());
    assert!(registry.snapshot().by_public_key(&tea.public_key.unwrap()).is_some());
}

#[test]
fn a_shop_taken_out_of_the_settings_file_can_be_changed_again() {
    let (_directory, registry) = registry();
    declare(&registry, &[new("Tea", Some("tea"))]).unwrap();
    let renamed = || Changes { name: Some("x".into()), ..Changes::default() };
    assert!(set(&registry, "tea", renamed()).is_err());
    declare(&registry, &[]).unwrap();
    set(&registry, "tea", renamed()).unwrap();
}

#[test]
fn wrong_settings_are_refused_with_a_sentence_and_change_nothing() {
    let (_directory, registry) = registry();
    for (mut wrong, says) in [
        (new("", Some("tea")), "name"),
        (new("Tea", Some("Tea House")), "slug"),
        (new("Tea", None), "Asia/Beijing"),
        (new("Tea", None), "RMB"),
    ] {
        match says {
            "Asia/Beijing" => wrong.time_zone = says.into(),
            "RMB" => wrong.currency = says.into(),
            _ => {}
        }
        let error = apply(&registry, Command::Add(wrong), "").unwrap_err();
        assert!(matches!(error, CommandError::Invalid(_)) && error.to_string().contains(says), "{error}");
    }
    assert!(registry.snapshot().shops().is_empty());
}
