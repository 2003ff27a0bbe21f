use super::*;
use proptest::prelude::*;

fn route(path: &str) -> String {
    let mut out = Vec::new();
    write(path.as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

#[track_caller]
fn assert_routes(table: &[(&str, &str)]) {
    for &(path, expected) in table {
        assert_eq!(route(path), expected, "of {path}");
    }
}

#[test]
fn words_stay() {
    for path in [
        "/",
        "/orders",
        "/api/v2/orders",
        "/v1.41/containers",
        "/oauth2/token",
        "/hash/sha256/iso8601",
        "/windows11",
        "/top-5/utf-8",
        "/wp-login.php",
        "/index.html",
        "/.env",
        "/.git/config",
        "/reports/monthly-sales-by-region",
        "/orders/{orderId}/items",
        "/[locale]/cart",
        "/feed-added-faced-beef",
        "*",
    ] {
        assert_eq!(route(path), path);
    }
}

#[test]
fn identifiers_do_not() {
    assert_routes(&[
        ("/orders/42", "/orders/{id}"),
        ("/orders/42/items/7", "/orders/{id}/items/{id}"),
        ("/users/3f2504e0-4f89-41d3-9a0c-0305e82c3301", "/users/{id}"),
        ("/users/abcdefab-abcd-abcd-abcd-abcdefabcdef", "/users/{id}"),
        ("/blobs/d41d8cd98f00b204e9800998ecf8427e", "/blobs/{id}"),
        ("/blobs/deadbeefdeadbeef", "/blobs/{id}"),
        ("/orders/ORD-2024-000123", "/orders/{id}"),
        ("/orders/ORD-42", "/orders/{id}"),
        ("/s/V1StGXR8_Z5jdHi6B-myT", "/s/{id}"),
        ("/near/52.52,13.40", "/near/{id}"),
        ("/search/3D%20printer", "/search/{id}"),
        ("/поиск/заказ", "/{id}/{id}"),
        ("/days/2026-11-22/orders", "/days/{date}/orders"),
        ("/users/ann@example.org", "/users/{email}"),
        (
            "/q/the-longest-slug-that-somebody-gave-to-a-page-of-a-shop",
            "/q/{id}",
        ),
    ]);
}

#[test]
fn files_keep_their_kind() {
    assert_routes(&[
        ("/static/js/app.3f2a1b.js", "/static/js/{file}.js"),
        ("/favicon.ico", "/{file}.ico"),
        ("/img/LOGO.PNG", "/img/{file}.PNG"),
        ("/models/gear-0042.stl", "/models/{file}.stl"),
        ("/invoices/INV-20260042.xml", "/invoices/{file}.xml"),
        ("/logo.png/", "/{file}.png"),
    ]);
}

#[test]
fn what_is_not_the_path_is_left_out() {
    assert_routes(&[
        ("/orders?id=42", "/orders"),
        ("/orders/#top", "/orders"),
        ("/cart;jsessionid=1A2B/items;x=1?y", "/cart/items"),
        ("//orders///42/", "/orders/{id}"),
        ("", "/"),
        ("?x=1", "/"),
        ("http://shop.example/orders/42", "/orders/{id}"),
        ("https://shop.example", "/"),
    ]);
}

#[test]
fn garbage_is_garbage() {
    for path in [
        "orders",
        "shop.example:443",
        "\u{16}\u{3}\u{1}",
        r"\x16\x03\x01",
        r"/a\x16",
        "/a b",
        "/<script>",
        "/a/\0",
    ] {
        assert_eq!(route(path), "{garbage}", "of {path:?}");
    }
}

#[test]
fn a_deep_or_long_path_ends_early() {
    assert_routes(&[
        ("/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/g/h"),
        ("/a/b/c/d/e/f/g/h/", "/a/b/c/d/e/f/g/h"),
        ("/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/h/…"),
    ]);
    let word = "w".repeat(PART_BYTES_MAX);
    let long = format!("/{word}/{word}/{word}");
    assert_eq!(route(&long), format!("/{word}/{word}/…"));
}

/// Bytes that make up paths, odd ones included.
fn path() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "[a-z]{1,6}",
        "[a-z0-9]{1,12}",
        "[0-9a-f-]{8,40}",
        "[a-zA-Z0-9._{}\\[\\]@%;?#…:-]{0,20}",
        prop::sample::select(vec!["…", "{id}", "{file}.js", "x.png", "2026-11-22", "v1.2", "é"])
            .prop_map(str::to_owned),
    ];
    let pieces =
        prop::collection::vec(piece, 0..12).prop_map(|pieces| format!("/{}", pieces.join("/")).into_bytes());
    prop_oneof![4 => pieces, 1 => prop::collection::vec(any::<u8>(), 0..300)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_route_is_short_and_its_own_route(path in path()) {
        let mut once = b"before".to_vec();
        write(&path, &mut once);
        let route = once.split_off(b"before".len());
        prop_assert_eq!(&once, b"before");
        prop_assert!(!route.is_empty() && route.len() <= BYTES_MAX);
        let mut twice = Vec::new();
        write(&route, &mut twice);
        prop_assert_eq!(String::from_utf8_lossy(&twice), String::from_utf8_lossy(&route));
    }
}
