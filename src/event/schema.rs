//! How the API's document describes the fields that come in more than one form.

use super::form::{MAX_ID_CHARS, MAX_NAME_CHARS};
use super::money::{MAX_ITEM_NAME_CHARS, MAX_ITEMS};
use utoipa::Number;
use utoipa::openapi::{ArrayBuilder, KnownFormat, Object, ObjectBuilder, OneOfBuilder, SchemaFormat, Type};

fn nullable<const N: usize>(forms: [ObjectBuilder; N]) -> utoipa::openapi::Schema {
    let null = Object::with_type(Type::Null);
    let forms = forms.into_iter().fold(OneOfBuilder::new(), |one_of, form| one_of.item(form));
    forms.item(null).into()
}

fn text(max_chars: usize) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(max_chars))
}

/// RFC 3339 or epoch milliseconds.
pub(super) fn time() -> utoipa::openapi::Schema {
    let rfc3339 = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
    nullable([rfc3339, ObjectBuilder::new().schema_type(Type::Integer)])
}

/// A UUID as it is usually written.
pub(super) fn uuid() -> utoipa::openapi::Schema {
    let uuid = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
        .pattern(Some("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"));
    nullable([uuid])
}

/// An id of the shop's own, which many shops have as a number.
pub(super) fn id() -> utoipa::openapi::Schema {
    nullable([text(MAX_ID_CHARS), ObjectBuilder::new().schema_type(Type::Number)])
}

/// A short name.
pub(super) fn name() -> utoipa::openapi::Schema {
    nullable([text(MAX_NAME_CHARS), ObjectBuilder::new().schema_type(Type::Number)])
}

/// An address on the network.
pub fn ip() -> utoipa::openapi::Schema {
    let of = |format| {
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(format)))
    };
    nullable([of(KnownFormat::Ipv4), of(KnownFormat::Ipv6)])
}

/// Lines of an order.
pub(super) fn items() -> utoipa::openapi::Schema {
    let line = ObjectBuilder::new()
        .property("product", id())
        .property("name", nullable([text(MAX_ITEM_NAME_CHARS)]))
        .property("variant", name())
        .property("quantity", ObjectBuilder::new().schema_type(Type::Number).minimum(Some(Number::from(0.0))))
        .property("amount", amount())
        .property("cost", amount());
    let list = ArrayBuilder::new().items(line).max_items(Some(MAX_ITEMS));
    OneOfBuilder::new().item(list).item(Object::with_type(Type::Null)).into()
}

/// A decimal as text or as a number.
pub(super) fn amount() -> utoipa::openapi::Schema {
    let decimal =
        ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{1,13}([.][0-9]{1,4})?$"));
    let number = ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(Number::from(0.0)))
        .maximum(Some(Number::from(1e12)));
    nullable([decimal, number])
}
