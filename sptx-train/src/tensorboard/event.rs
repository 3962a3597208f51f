//! Events as TensorBoard reads them: messages of protocol buffers in the frames of TFRecord.
//!
//! The messages are the parts that are needed of TensorFlow's `event.proto` and `summary.proto`. No crate that writes
//! them is kept up to date, and these are two dozen lines.

use prost::Message;

/// What an event file's first event says.
const VERSION: &str = "brain.Event:2";

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    // Optional, for a zero would be left out otherwise.
    #[prost(float, optional, tag = "2")]
    simple_value: Option<f32>,
}

/// The event that begins a file.
pub(super) fn version(wall_time: f64) -> Vec<u8> {
    record(&Event { wall_time, step: 0, file_version: Some(VERSION.to_owned()), summary: None })
}

/// Named numbers at a step.
pub(super) fn scalars(wall_time: f64, step: u32, scalars: &[(String, f64)]) -> Vec<u8> {
    let value = |(tag, value): &(String, f64)| Value { tag: tag.clone(), simple_value: Some(*value as f32) };
    let summary = Summary { value: scalars.iter().map(value).collect() };
    record(&Event { wall_time, step: step.into(), file_version: None, summary: Some(summary) })
}

/// A frame: the length and its checksum, the message and its checksum.
fn record(event: &Event) -> Vec<u8> {
    let message = event.encode_to_vec();
    let length = (message.len() as u64).to_le_bytes();
    [&length, &checksum(&length)[..], &message, &checksum(&message)].concat()
}

/// CRC-32C, masked as TFRecord has it: turned by 15 bits, and a constant added.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_tensorflow() {
        // What TensorFlow writes for an event of this time and version.
        let expected = b"\x18\0\0\0\0\0\0\0\xa3\x7f\x4b\x22\x09\0\0\xc0\x59\x8d\xb1\xd7\x41\x1a\x0dbrain.Event:2";
        let bytes = version(1_589_011_815.0);
        assert_eq!(bytes[..12], expected[..12]);
        assert_eq!(bytes[21..36], expected[21..]);
        assert_eq!(bytes.len(), 8 + 4 + 24 + 4);
    }

    #[test]
    fn a_zero_is_a_value_too() {
        let bytes = scalars(1.0, 7, &[("train/loss".to_owned(), 0.0)]);
        let event = Event::decode(&bytes[12..bytes.len() - 4]).expect("a message");
        let value = Value { tag: "train/loss".to_owned(), simple_value: Some(0.0) };
        assert_eq!((event.step, event.summary), (7, Some(Summary { value: vec![value] })));
    }
}
