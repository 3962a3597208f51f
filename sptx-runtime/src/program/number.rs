//! Numbers in JSON: infinities and NaN, which JSON lacks, as strings.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Number {
    Finite(f32),
    Named(String),
}

pub(super) fn serialize<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
    let number = if value.is_finite() { Number::Finite(*value) } else { Number::Named(value.to_string()) };
    number.serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f32, D::Error> {
    match Number::deserialize(deserializer)? {
        Number::Finite(value) => Ok(value),
        Number::Named(name) => name.parse().map_err(serde::de::Error::custom),
    }
}
