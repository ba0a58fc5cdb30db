//! Identifiers: those made here, which people can read out, and the merchant's as it travels.

use std::borrow::Cow;

use domain::MerchantId;
use node::seal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::problem::Problem;

/// Crockford's base 32: no I, L, O, U.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Eight letters and digits, at random.
pub fn new() -> Result<String, Problem> {
    let bytes = seal::random::<8>().map_err(|error| Problem::internal(&error))?;
    Ok(bytes
        .iter()
        .map(|byte| char::from(CROCKFORD[usize::from(byte & 31)]))
        .collect())
}

/// A number in so many letters and digits, with zeros in front: texts of two compare as they do.
pub fn number(number: i64, digits: u32) -> String {
    let places = (0..digits).rev();
    let digit = |place| CROCKFORD[(number >> (5 * place) & 31) as usize];
    places.map(|place| char::from(digit(place))).collect()
}

/// Whose something is: field 42 of every message of the merchant's terminals.
#[derive(Clone, Copy, Debug)]
pub struct Merchant(pub MerchantId);

impl Serialize for Merchant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for Merchant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let merchant_id = MerchantId::parse(text.as_bytes());
        merchant_id
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("no identifier of a merchant"))
    }
}

impl PartialSchema for Merchant {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[0-9A-Za-z]{1,15}$"))
            .into()
    }
}

impl ToSchema for Merchant {
    fn name() -> Cow<'static, str> {
        "MerchantId".into()
    }
}
