//! Segments of a path that open something to whoever has them: signed values, tokens, session ids.
//!
//! A path is made of words for people (`/products/iphone-15-pro-max-256gb`) and of numbers of things. A token
//! is neither: it looks random. How random is enough depends on the words before it.

/// What follows these opens an account, a subscription or a guest's order: the whole segment, in lower case,
/// without what joins words.
const OPENING: [&str; 37] = [
    "token",
    "reset",
    "resetpassword",
    "passwordreset",
    "passwordresets",
    "resetpwd",
    "forgotpassword",
    "forgot",
    "lostpassword",
    "newpassword",
    "setpassword",
    "password",
    "recover",
    "verify",
    "verifyemail",
    "emailverify",
    "emailverification",
    "verification",
    "verificationemail",
    "activate",
    "activation",
    "confirm",
    "confirmemail",
    "confirmaccount",
    "emailconfirmation",
    "unsubscribe",
    "unsubscribeemail",
    "optout",
    "magiclink",
    "magiclogin",
    "invite",
    "invitation",
    "authenticate",
    "auth",
    "session",
    "sso",
    "guest",
];
/// What follows these is a number of an order or a basket, or a token that opens it.
const ORDERS: [&str; 17] = [
    "order",
    "orders",
    "orderstatus",
    "orderreceived",
    "checkout",
    "checkouts",
    "cart",
    "carts",
    "basket",
    "invoice",
    "invoices",
    "receipt",
    "track",
    "tracking",
    "download",
    "downloads",
    "thankyou",
];
/// What follows these is an id of a thing, however long it is and whatever it looks like.
const THINGS: [&str; 37] = [
    "product",
    "products",
    "item",
    "items",
    "goods",
    "good",
    "sku",
    "skus",
    "spu",
    "p",
    "dp",
    "ip",
    "itm",
    "prod",
    "offer",
    "listing",
    "detail",
    "details",
    "article",
    "articles",
    "book",
    "books",
    "isbn",
    "ean",
    "gtin",
    "upc",
    "c",
    "cat",
    "category",
    "categories",
    "collection",
    "collections",
    "navigation",
    "brand",
    "brands",
    "tag",
    "tags",
];
/// An opening word is looked for among so many segments before.
const MAX_SEGMENTS_BETWEEN: usize = 3;
/// Behind an opening word, of an order, and anywhere.
const MIN_OPENING_CHARS: usize = 6;
const MIN_ORDER_CHARS: usize = 20;
const MIN_RANDOM_CHARS: usize = 24;
const MIN_SIGNATURE_CHARS: usize = 16;
/// Less is enough where the signed value stands once more before it: `/100013/100013:…`.
const MIN_REPEATED_SIGNATURE_CHARS: usize = 8;
const MIN_HEX_CHARS: usize = 32;
/// Of a web token, RFC 7519: how its first part begins, and the least of all.
const JWT_START: &str = "eyJ";
pub const MIN_JWT_CHARS: usize = 20;
/// A word for things that is so short may mean anything: `/checkouts/c/…`.
const MAX_ABBREVIATION_CHARS: usize = 2;
/// A word of digits and letters of at most so many characters is one for people: `256gb`, `wh1000xm5`.
const MAX_SHORT_CHARS: usize = 8;
const MAX_MODEL_CHARS: usize = 15;
const MAX_MODEL_CHANGES: usize = 3;
const MAX_WORD_CHARS: usize = 24;
const MAX_NUMBER_CHARS: usize = 9;
/// Behind an opening word one word of letters is a token when it is so long, or this long and in capitals.
const MAX_ACTION_CHARS: usize = 15;
const MIN_CAPITALS: usize = 6;

/// Whether the id of a thing stands behind this segment.
pub fn names_things(segment: &str) -> bool {
    THINGS.contains(&word(segment).as_str())
}

/// Whether a segment, its escapes resolved, opens something. `before` is the path before it, `next` the
/// segment behind it.
pub fn opens(segment: &str, before: &str, next: Option<&str>) -> bool {
    if segment.len() < MIN_OPENING_CHARS {
        return false;
    }
    let last = || before.rsplit('/').next().unwrap_or_default();
    if let Some((value, signature)) = segment.split_once(':')
        && value == last()
        && signature.len() >= MIN_REPEATED_SIGNATURE_CHARS
    {
        return true;
    }
    // Nearly every segment ends here.
    if !segment.is_ascii() || for_people(segment) && next != Some("authenticate") && !is_single_token(segment)
    {
        return holds_token(segment);
    }
    let last = word(last());
    let is_behind = |words: &[&str]| words.contains(&last.as_str());
    if is_behind(&ORDERS) && next == Some("authenticate") || is_behind(&OPENING) && is_single_token(segment) {
        return true;
    }
    if for_people(segment) {
        return false;
    }
    let words: Vec<String> = before.rsplit('/').take(MAX_SEGMENTS_BETWEEN).map(word).collect();
    let is_below = |opening: &[&str]| {
        let things = |word: &&String| word.len() > MAX_ABBREVIATION_CHARS && THINGS.contains(&word.as_str());
        words.iter().take_while(|word| !things(word)).any(|word| opening.contains(&word.as_str()))
    };
    if is_below(&OPENING) || is_below(&ORDERS) && segment.len() >= MIN_ORDER_CHARS {
        return true;
    }
    if is_behind(&THINGS) && (segment.len() == MIN_HEX_CHARS && is_hex(segment) || !holds_token(segment)) {
        return false;
    }
    holds_token(segment) || segment.len() >= MIN_RANDOM_CHARS && looks_random(segment)
}

/// Whether a text is or holds something that opens, wherever it stands: a web token, a signed value, a long
/// number of base 16.
pub fn holds_token(text: &str) -> bool {
    let length = text.len();
    length >= MIN_HEX_CHARS && has_long_hex(text)
        || length >= MIN_JWT_CHARS && text.as_bytes().contains(&b'.') && has_jwt(text)
        || length > MIN_SIGNATURE_CHARS && text.contains(':') && is_signed(text)
}

fn has_long_hex(text: &str) -> bool {
    text.as_bytes().split(|byte| !byte.is_ascii_hexdigit()).any(|run| run.len() >= MIN_HEX_CHARS)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn has_jwt(text: &str) -> bool {
    text.split(|c: char| !is_of_token(c) && c != '.').any(|run| {
        let begins = |&(at, _): &(usize, &str)| !run[..at].ends_with(char::is_alphanumeric);
        run.match_indices(JWT_START)
            .find(begins)
            .is_some_and(|(at, _)| run.len() - at >= MIN_JWT_CHARS && run[at..].contains('.'))
    })
}

/// `value:signature`, as Django and others sign.
fn is_signed(text: &str) -> bool {
    let parts = text.split(|c: char| !is_of_token(c) && c != ':').filter(|run| run.contains(':'));
    parts
        .flat_map(|run| run.split(':').skip(1))
        .any(|part| part.len() >= MIN_SIGNATURE_CHARS && !for_people(part))
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=' | '~')
}

/// A segment's letters and digits in lower case.
fn word(segment: &str) -> String {
    segment.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a segment of ASCII is a number, or made of words, numbers and models that people read.
fn for_people(segment: &str) -> bool {
    let mut words = segment.as_bytes().split(|byte| !byte.is_ascii_alphanumeric());
    segment.bytes().all(|byte| byte.is_ascii_digit()) || words.all(is_readable) && !is_uuid(segment)
}

fn is_uuid(segment: &str) -> bool {
    let lengths = segment.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && segment.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn is_readable(word: &[u8]) -> bool {
    // The usual words need no counting.
    if word.len() <= MAX_SHORT_CHARS {
        return true;
    }
    let digits = word.iter().filter(|byte| byte.is_ascii_digit()).count();
    match word.len() {
        length if digits == length => length <= MAX_NUMBER_CHARS,
        // Of random letters every second one begins a new case.
        length if digits == 0 => {
            length <= MAX_WORD_CHARS && (length < MIN_SIGNATURE_CHARS || changes(word) < length / 3)
        }
        length => length <= MAX_MODEL_CHARS && changes(word) <= MAX_MODEL_CHANGES,
    }
}

/// How often capitals, small letters and digits follow another in a word.
fn changes(word: &[u8]) -> usize {
    let class = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
    word.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count()
}

/// A segment that has all three kinds of characters and changes between them all the time.
fn looks_random(segment: &str) -> bool {
    let has = |is: fn(&u8) -> bool| segment.bytes().any(|byte| is(&byte));
    let words = || segment.as_bytes().split(|byte| !byte.is_ascii_alphanumeric());
    has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && segment.chars().all(|c| is_of_token(c) || c == '.')
        && words().any(|word| word.len() >= MIN_SIGNATURE_CHARS / 2)
        && words().map(changes).sum::<usize>() >= segment.len() / 3
}

/// One word behind an opening word that names no action (`email`, `confirmation`).
fn is_single_token(segment: &str) -> bool {
    segment.bytes().all(|byte| byte.is_ascii_alphabetic())
        && (segment.len() > MAX_ACTION_CHARS
            || segment.len() >= MIN_CAPITALS && segment.bytes().all(|byte| byte.is_ascii_uppercase()))
}
