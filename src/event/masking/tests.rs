//! What is masked and what is not, as tables; and that nothing that was planted survives.

use super::*;

#[test]
fn what_identifies_a_person_is_masked_and_the_rest_stays() {
    for (url, stored) in [
        ("https://s.example/p?email=a@b.cn&utm_source=ad", "https://s.example/p?email=***&utm_source=ad"),
        ("https://s.example/p?q=write+to+mei%40tea.cn", "https://s.example/p?q=***"),
        ("https://s.example/reset?access_token=abc#top", "https://s.example/reset?access_token=***#top"),
        ("https://s.example/?card=4111-1111-1111-1111", "https://s.example/?card=***"),
        ("https://s.example/?n=4111%201111%201111%201111", "https://s.example/?n=***"),
        ("https://s.example/?c=13812345678&d=1", "https://s.example/?c=***&d=1"),
        ("https://s.example/?c=%2B86+138-1234-5678", "https://s.example/?c=***"),
        ("https://s.example/#id_token=abc&state=1", "https://s.example/#id_token=***&state=1"),
        ("https://s.example/?mei@tea.cn", "https://s.example/?***"),
        ("https://s.example/?Email%5B0%5D=x", "https://s.example/?Email%5B0%5D=***"),
    ] {
        assert_eq!(masked_address(url.into()), stored);
    }
}

#[test]
fn what_shops_need_to_tell_pages_apart_is_left_alone() {
    for url in [
        "https://s.example/tea/@longjing",
        "https://s.example/p?id=20261122&page=2&utm_source=newsletter&utm_campaign=11.11",
        "https://s.example/p?sku=6901234567892&order=2026112212345674&gclid=Cj0KCQiA-abc",
        "https://s.example/p?side=left&hotel=1&author=li&at=1795320000000",
        "https://s.example/#/cups?sort=price",
        "https://s.example/p?email=",
        "https://s.example/",
        "",
        "茶?味=清香",
    ] {
        assert_eq!(masked_address(url.into()), url);
    }
}

#[test]
fn nothing_that_was_planted_survives_in_ten_thousand_addresses() {
    let random = &mut fastrand::Rng::with_seed(20_261_122);
    for _ in 0..10_000 {
        let secret = format!("s{:016x}", random.u64(..));
        let card = card(random);
        let plants = [
            format!("email={secret}"),
            format!("Access-Token={secret}"),
            format!("q={secret}%40mail.example"),
            format!("x={card}"),
            format!("user%5Bpassword%5D={secret}"),
        ];
        let mut parts: Vec<String> =
            (0..random.usize(..4)).map(|n| format!("p{n}={}", random.u16(..))).collect();
        let plant = &plants[random.usize(..plants.len())];
        parts.insert(random.usize(..=parts.len()), plant.clone());
        let url = format!("https://s.example/p?{}", parts.join("&"));
        let stored = masked_address(url.clone());
        assert!(!stored.contains(&secret) && !stored.contains(&card), "{url} is stored as {stored}");
        assert_eq!(stored.matches('&').count(), url.matches('&').count());
    }
}

/// A card's number of 16 digits that none of the functions here has made.
fn card(random: &mut fastrand::Rng) -> String {
    let mut digits: Vec<u32> = (0..15).map(|_| random.u32(0..10)).collect();
    digits[0] = 4;
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, &d)| if at % 2 == 0 { [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][d as usize] } else { d })
        .sum();
    digits.push((10 - sum % 10) % 10);
    digits.iter().map(u32::to_string).collect()
}

const SIGNATURE: &str = "kq3V9dXw0Zt7_Yb2LrNf5mPcAhGsJuE8oQi1TzWx4Cg";
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMDAwMTMifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const HEX: &str = "3f786850e387550fdab836ed7e6dc881";
const UUID: &str = "550e8400-e29b-41d4-a716-446655440000";

#[test]
fn segments_of_a_path_that_open_something_or_name_a_person_are_masked() {
    for (path, stored) in [
        (format!("/order-status/100013/100013:{SIGNATURE}/"), "/order-status/100013/***/"),
        (format!("/order-status/100013/100013%3A{SIGNATURE}/"), "/order-status/100013/***/"),
        (format!("/zh/order-status/100013/100013:1tXk2P:{SIGNATURE}"), "/zh/order-status/100013/***"),
        ("/orders/7/7:c2lnbmF0dXJl".into(), "/orders/7/***"),
        (format!("/confirm/{JWT}"), "/confirm/***"),
        (format!("/products/tea/{JWT}"), "/products/tea/***"),
        (format!("/a/{HEX}/b"), "/a/***/b"),
        (format!("/a/{}", HEX.to_uppercase()), "/a/***"),
        (format!("/a/session-{HEX}{HEX}"), "/a/***"),
        (format!("/products/{HEX}{HEX}"), "/products/***"),
        (format!("/123456789/orders/{HEX}/authenticate"), "/123456789/orders/***/authenticate"),
        ("/123456789/orders/a1b2c3d4/authenticate".into(), "/123456789/orders/***/authenticate"),
        (
            "/checkouts/cn/Z2NwLXVzLWVhc3QxOjAxSFhZUTdRN0VKRkM3/thank-you".into(),
            "/checkouts/cn/***/thank-you",
        ),
        (format!("/checkouts/c/{HEX}/information"), "/checkouts/c/***/information"),
        (format!("/order/{UUID}"), "/order/***"),
        (format!("/token/{UUID}/"), "/token/***/"),
        (format!("/reset/{UUID}"), "/reset/***"),
        (format!("/account/verify-email/{}", UUID.to_uppercase()), "/account/verify-email/***"),
        ("/reset/MQ/c4x2kz-0123456789abcdef0123/".into(), "/reset/MQ/***/"),
        ("/password_reset/AbCdEf123456/edit".into(), "/password_reset/***/edit"),
        ("/account/activate/5823411/9b1c2d3e4f5a6b7c".into(), "/account/activate/5823411/***"),
        ("/unsubscribe/QWxhZGRpbjpvcGVuIHNl".into(), "/unsubscribe/***"),
        ("/unsubscribe/abcdefghijklmnopqrst".into(), "/unsubscribe/***"),
        ("/invite/XKCDQRTZ".into(), "/invite/***"),
        ("/u/Xk9fL2mQ7rT4vB1nZ8cW3yHd".into(), "/u/***"),
        ("/cart;jsessionid=1A53E07".into(), "/cart;jsessionid=***"),
        ("/token=abc/tea".into(), "/token=***/tea"),
        ("/unsubscribe/mei@tea.cn".into(), "/unsubscribe/***"),
        ("/unsubscribe/mei%40tea.cn/done".into(), "/unsubscribe/***/done"),
        ("/unsubscribe/mei%2540tea.cn".into(), "/unsubscribe/***"),
        ("/user/13812345678".into(), "/user/***"),
        ("/user/138-1234-5678/orders".into(), "/user/***/orders"),
        ("/user/%2B86%20138%201234%205678".into(), "/user/***"),
        ("/user/+4915112345678".into(), "/user/***"),
        ("/%E7%94%B5%E8%AF%9D13812345678".into(), "/***"),
        ("/pay/4111111111111111".into(), "/pay/***"),
        ("/pay/4111-1111-1111-1111/".into(), "/pay/***/"),
        ("/products/4111%201111%201111%201111".into(), "/products/***"),
        ("/go/https%3A%2F%2Ft.example%2F%3Femail%3Da".into(), "/go/***"),
        (format!("/?next=%2Freset%2F{UUID}"), "/?next=***"),
        ("/?next=%2Fr%3Ftoken%3Dabc&a=1".into(), "/?next=***&a=1"),
        ("/received/7/?key=wc_order_AbCd1234".into(), "/received/7/?key=***"),
        (format!("/a?k={HEX}&s=100013:{SIGNATURE}&j={JWT}"), "/a?k=***&s=***&j=***"),
        (format!("/#/reset/{UUID}?lang=zh"), "/#/reset/***?lang=zh"),
        ("/#!/user/mei@tea.cn".into(), "/#!/user/***"),
    ] {
        assert_eq!(masked_address(path.clone()), stored, "{path}");
        assert_eq!(
            masked_address(format!("https://tea.example{path}")),
            format!("https://tea.example{stored}")
        );
    }
    for (url, stored) in [
        ("https://mei:secret@tea.example:8443/a", "https://***@tea.example:8443/a"),
        ("https://mei@tea.example", "https://***@tea.example"),
        ("https://***@tea.example/a", "https://***@tea.example/a"),
    ] {
        assert_eq!(masked_address(url.into()), stored);
    }
}

#[test]
fn the_paths_of_shops_are_left_alone() {
    for path in [
        "/",
        "//",
        "/products/iphone-15-pro-max-256gb",
        "/products/Apple-MacBook-Pro-14-M3-Pro-18GB-512GB-Space-Black",
        "/products/sony-wh-1000xm5-noise-cancelling-headphones",
        "/products/WH1000XM5",
        "/products/4006381333931",
        "/products/4222222222222",
        "/products/6901234567892.html",
        "/isbn/9783161484100",
        "/book/978-3-16-148410-0",
        "/4006381333931-stabilo-point-88",
        "/item/1005006123456789.html",
        "/item/638123456789.html",
        "/item/13812345678.html",
        "/goods/10023456789012",
        "/products/7234567890123?variant=42563840213157",
        "/dp/B0CHX1W1XY/ref=sr_1_3",
        "/ip/Apple-AirPods/1752657021",
        "/Apple-iPhone-15-Pro-Max-i.123456.987654321",
        "/products/550e8400-e29b-41d4-a716-446655440000",
        "/detail/3f786850e387550fdab836ed7e6dc881",
        "/objects/507f1f77bcf86cd799439011",
        "/blog/2026/11/22/how-to-brew-longjing",
        "/blog/2026-11-22-1600-tea-fair",
        "/archive/20261122",
        "/%E8%8C%B6%E5%8F%B6/%E9%BE%99%E4%BA%95-%E6%98%8E%E5%89%8D%E7%89%B9%E7%BA%A7",
        "/茶叶/龙井-明前特级-2026",
        "/%C1%FA%BE%AE%B2%E8%D2%B6%C1%FA%BE%AE",
        "/tea/green/longjing/xihu/mingqian-first-grade",
        "/collections/tea/products/unsubscribe-proof-mug-350ml",
        "/collections/reset/products/yoga-mat-5mm",
        "/collections/invite-only/cup-2",
        "/order-status/100013/",
        "/orders/2026112212345674",
        "/orders/R123456789",
        "/orders/SO-2026-000123/invoice",
        "/checkout/confirmation/100013",
        "/checkout/thank-you",
        "/track/LP123456789CN",
        "/password-reset/request/sent",
        "/account/verify/email",
        "/unsubscribe/newsletter",
        "/reset/483920",
        "/tea/@longjing",
        "/maps/@31.23,121.47,15z",
        "/tea@2.5kg",
        "/wiki/Category:Green_teas_of_the_province",
        "/shop:tea-house/brand:long-established-brewers",
        "/size=xl;color=jade/cup",
        "/search/tea+cups+2026+1600+watt",
        "/sku/AB-1234-CD-5678-EF-9012",
        "/sku/TEA_GREEN_100G_2026_SPRING_LIMITED",
        "/brand/HoneyJar.honey-and-more-of-it",
        "/specs/3840-2160-144hz-1ms",
        "/p/1795320000000",
        "/?sku=4006381333931&spm=a2141.1.0.0",
        "/#/cups/2?sort=price",
        "/#!/category/茶",
    ] {
        assert_eq!(masked_address(path.into()), path);
        let url = format!("https://tea.example{path}");
        assert_eq!(masked_address(url.clone()), url);
    }
}

#[test]
fn texts_and_names_lose_the_place_and_keep_the_rest() {
    for (text, stored) in [
        ("Thanks, mei@tea.cn – Tea House".into(), "Thanks, *** – Tea House"),
        ("mei%40tea.cn".into(), "***"),
        ("梅＠tea.cn".into(), "***"),
        ("客服小美 13812345678".into(), "客服小美 ***"),
        ("小美(１３８１２３４５６７８)".into(), "小美(***)"),
        ("+86 138-1234-5678 or 0086 138 1234 5678".into(), "*** or ***"),
        ("call +1 (415) 555-2671 now".into(), "call *** now"),
        ("Karte 4111 1111 1111 1111 bis 12/29".into(), "Karte *** bis 12/29"),
        ("3782-822463-10005".into(), "***"),
        ("银行卡6222021234567890128".into(), "银行卡***"),
        ("4222222222222 and 4006381333931".into(), "*** and 4006381333931"),
        (format!("Order 7 ({HEX})"), "Order 7 (***)"),
        (format!("{JWT} 100013:{SIGNATURE}"), "*** ***"),
        (format!("see https://t.example/reset/{UUID}"), "see ***"),
        (
            "iPhone 15 Pro Max 256GB+8GB | 3999元 | 2026-11-22 10:30".into(),
            "iPhone 15 Pro Max 256GB+8GB | 3999元 | 2026-11-22 10:30",
        ),
        ("龙井茶 – 每件 50g, ISBN 978-3-16-148410-0".into(), "龙井茶 – 每件 50g, ISBN 978-3-16-148410-0"),
    ] {
        assert_eq!(masked_text(text.clone()), stored, "{text}");
    }
    for (name, stored) in [
        ("mei@tea.cn", "***"),
        ("小美 138 1234 5678", "小美 ***"),
        ("gid://shopify/ProductVariant/42563840213157", "gid://shopify/ProductVariant/42563840213157"),
        ("3f786850e387550fdab836ed7e6dc881", "3f786850e387550fdab836ed7e6dc881"),
        ("4222222222222", "4222222222222"),
        ("6901234567892", "6901234567892"),
        ("price:b", "price:b"),
    ] {
        assert_eq!(masked_name(name.into()), stored, "{name}");
    }
}

/// Pieces that together make up whatever gives something away, and much that does not.
const PIECES: [&str; 40] = [
    "mei",
    "@",
    "tea.cn",
    ".",
    "%40",
    "%2540",
    "＠",
    "13812345678",
    "138",
    "1234",
    "5678",
    "+86",
    "+",
    "%2B",
    " ",
    "-",
    "_",
    "/",
    "?",
    "&",
    "=",
    "#",
    ";",
    ":",
    "4111111111111111",
    "4111",
    "email",
    "token",
    "reset",
    "orders",
    "authenticate",
    "products",
    "茶",
    "%E8%8C%B6",
    "%",
    JWT,
    HEX,
    UUID,
    SIGNATURE,
    "https://",
];

#[test]
fn masking_twice_is_masking_once_and_leaves_no_mail_address_and_no_card() {
    let random = &mut fastrand::Rng::with_seed(20_261_129);
    for _ in 0..15_000 {
        let text: String = (0..random.usize(1..14)).map(|_| PIECES[random.usize(..PIECES.len())]).collect();
        type Masking = fn(String) -> String;
        for masking in [masked_address as Masking, masked_text, masked_name, masked_value] {
            let once = masking(text.clone());
            assert_eq!(masking(once.clone()), once, "{text}");
            let written = once.replace("%2540", "@").replace("%40", "@");
            assert!(!written.contains("mei@tea.cn"), "{text} is stored as {once}");
            assert!(!holds_card(&once), "{text} is stored as {once}");
        }
    }
}

/// The card of [`PIECES`] as a number of its own, not as a part of a longer one nor begun by an escape.
fn holds_card(text: &str) -> bool {
    text.match_indices("4111111111111111").any(|(at, card)| {
        !text[..at].ends_with(|c: char| c.is_ascii_digit() || c == '%')
            && !text[at + card.len()..].starts_with(|c: char| c.is_ascii_digit())
    })
}

#[test]
fn a_card_is_found_however_it_is_grouped_and_wherever_it_stands() {
    let random = &mut fastrand::Rng::with_seed(7);
    for _ in 0..5_000 {
        let card = card(random);
        let separator = ["", " ", "-"][random.usize(..3)];
        let grouped: Vec<&str> =
            card.as_bytes().chunks(4).map(|four| std::str::from_utf8(four).unwrap()).collect();
        let grouped = grouped.join(separator);
        let around = ["", "茶", "no. ", "(", "a/"][random.usize(..5)];
        for stored in [
            masked_text(format!("{around}{grouped}{around}")),
            masked_name(format!("{around}{grouped}")),
            masked_address(format!("https://t.example/{grouped}/x?y={}", grouped.replace(' ', "+"))),
            masked_value(grouped.clone()),
        ] {
            assert!(!stored.contains(&grouped) && !stored.contains(&card), "{grouped}: {stored}");
        }
    }
}

#[test]
fn a_number_alone_is_a_products_own_unless_it_is_a_cards() {
    for product in ["15012345678", "520813250866", "6901234567892", "3612345678901234567", "SKU-1", "oolong"]
    {
        assert_eq!(masked_product(product.into()), product);
    }
    for product in ["4111111111111111", "4111 1111 1111 1111", "tea for 13812345678", "a@b.cn"] {
        assert!(masked_product(product.into()).contains("***"), "{product}");
    }
}
