//! Reading values that do not come as described: numbers and truths as text, nulls, what is missing. A value that
//! cannot be understood is as good as missing; only what is no JSON at all is an error.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A text that is not empty.
pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) if !text.trim().is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    })
}

/// The same as a secret.
pub(super) fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(text(from)?.map(SecretString::from))
}

/// A whole number; what is behind a decimal point is cut off.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(from)?;
    let whole = match &value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    Ok(whole.or_else(|| whole_part(real_in(&value)?)))
}

/// A number.
pub(super) fn real<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    Ok(real_in(&Value::deserialize(from)?))
}

/// Yes or no.
pub(super) fn truth<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Bool(truth) => Some(truth),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    })
}

fn real_in(value: &Value) -> Option<f64> {
    let real = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    real.filter(|real| real.is_finite())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked")]
fn whole_part(real: f64) -> Option<u64> {
    (0.0..9e18).contains(&real).then_some(real as u64)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct All {
        #[serde(deserialize_with = "text")]
        text: Option<String>,
        #[serde(deserialize_with = "number")]
        number: Option<u64>,
        #[serde(deserialize_with = "real")]
        real: Option<f64>,
        #[serde(deserialize_with = "truth")]
        truth: Option<bool>,
    }

    fn read(json: &str) -> All {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_and_truths_may_be_text() {
        let full = All { text: Some("7".into()), number: Some(7), real: Some(7.5), truth: Some(true) };
        assert_eq!(read(r#"{"text":7,"number":"7","real":"7.5","truth":"True","more":[1]}"#), full);
        assert_eq!(read(r#"{"text":"7","number":7.9,"real":7.5,"truth":true}"#), full);
        assert_eq!(read(r#"{"number":8024278031528736858}"#).number, Some(8_024_278_031_528_736_858));
    }

    #[test]
    fn what_makes_no_sense_is_missing() {
        assert_eq!(read(r#"{"text":" ","number":-1,"real":"NaN","truth":1}"#), All::default());
        assert_eq!(read(r#"{"text":{},"number":[],"real":null,"truth":null}"#), All::default());
        assert_eq!(read(r#"{"number":1e300}"#), All::default());
        assert_eq!(read("{}"), All::default());
    }
}
