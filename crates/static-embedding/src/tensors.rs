//! The tensors of a safetensors file: eight bytes of a length, so many bytes of JSON, and the numbers.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::error::{ModelError, wrong};

const FILE: &str = "model.safetensors";

#[derive(Deserialize)]
struct Header {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

/// A file's tensors.
pub(crate) struct Tensors<'a> {
    headers: BTreeMap<String, Header>,
    numbers: &'a [u8],
}

/// A tensor.
pub(crate) struct Tensor<'a> {
    kind: &'a str,
    /// Its lengths, the outermost first.
    pub shape: &'a [usize],
    bytes: &'a [u8],
}

impl<'a> Tensors<'a> {
    /// Reads the header of a file.
    pub fn read(file: &'a [u8]) -> Result<Self, ModelError> {
        let wrong = wrong(FILE);
        let cut = || wrong("it is shorter than it says".to_owned());
        let (length, rest) = file.split_first_chunk::<8>().ok_or_else(cut)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (header, numbers) = rest.split_at_checked(length).ok_or_else(cut)?;
        let json: BTreeMap<String, Value> =
            serde_json::from_slice(header).map_err(|error| wrong(format!("its header is no JSON: {error}")))?;
        let tensor = |(name, value): (String, Value)| {
            let header = serde_json::from_value(value).map_err(|error| wrong(format!("tensor '{name}': {error}")))?;
            Ok((name, header))
        };
        let headers = json.into_iter().filter(|(name, _)| name != "__metadata__").map(tensor);
        Ok(Self { headers: headers.collect::<Result<_, ModelError>>()?, numbers })
    }

    /// A tensor by its name; `None` if there is none.
    pub fn get(&self, name: &str) -> Result<Option<Tensor<'_>>, ModelError> {
        let Some(header) = self.headers.get(name) else { return Ok(None) };
        let [start, end] = header.data_offsets;
        let wrong = |problem: &str| wrong(FILE)(format!("tensor '{name}' {problem}"));
        let bytes = self.numbers.get(start..end).ok_or_else(|| wrong("lies outside the file"))?;
        let width = match header.dtype.as_str() {
            "F16" | "BF16" => 2,
            "F32" | "I32" => 4,
            "F64" | "I64" => 8,
            other => return Err(wrong(&format!("holds {other}, which is not read"))),
        };
        let count = header.shape.iter().try_fold(1_usize, |count, length| count.checked_mul(*length));
        if count.and_then(|count| count.checked_mul(width)) != Some(bytes.len()) {
            return Err(wrong("has another size than its shape says"));
        }
        Ok(Some(Tensor { kind: &header.dtype, shape: &header.shape, bytes }))
    }
}

impl Tensor<'_> {
    /// The numbers, one after the other.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "vectors are 32-bit floats")]
    pub fn floats(&self) -> Vec<f32> {
        match self.kind {
            "F16" => self.bytes.as_chunks().0.iter().map(|bytes| half(u16::from_le_bytes(*bytes))).collect(),
            "BF16" => {
                let wide = |bytes: &[u8; 2]| f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
                self.bytes.as_chunks().0.iter().map(wide).collect()
            }
            "F32" => self.bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
            "F64" => self.bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
            "I32" => self.bytes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes) as f32).collect(),
            _ => self.bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes) as f32).collect(),
        }
    }

    /// The numbers as places; `None` where one is none.
    pub fn places(&self) -> Option<Vec<usize>> {
        match self.kind {
            "I32" => self.bytes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes).try_into().ok()).collect(),
            "I64" => self.bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes).try_into().ok()).collect(),
            _ => None,
        }
    }
}

/// A float of 16 bits (IEEE 754 binary16).
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let (exponent, fraction) = (u32::from(bits >> 10) & 0x1f, u32::from(bits & 0x3ff));
    match (exponent, fraction) {
        (0, fraction) => {
            #[expect(clippy::cast_precision_loss, reason = "ten bits")]
            let small = fraction as f32 / (1_u32 << 24) as f32;
            if sign == 0 { small } else { -small }
        }
        (31, fraction) => f32::from_bits(sign | 0x7f80_0000 | (fraction << 13)),
        (exponent, fraction) => f32::from_bits(sign | ((exponent + 112) << 23) | (fraction << 13)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_of_16_bits_are_read() {
        let known =
            [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (0x7bff, 65_504.0), (0x0001, 5.960_464_5e-8)];
        for (bits, value) in known {
            assert_eq!(half(bits), value, "{bits:x}");
        }
        assert_eq!((half(0), half(0x7c00)), (0.0, f32::INFINITY));
        assert!(half(0x7e00).is_nan());
    }
}
