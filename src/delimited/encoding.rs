//! Bytes of another encoding as UTF-8, and how to tell one from the other.

use std::io::{self, Read};

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How bytes spell text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark; ASCII is UTF-8.
    #[default]
    Utf8,
    /// UTF-16, the low byte first, with its byte order mark.
    Utf16Le,
    /// UTF-16, the high byte first, with its byte order mark.
    Utf16Be,
    /// Windows-1252, of which ISO 8859-1 is a part.
    Windows1252,
}

impl Encoding {
    /// Its usual name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
            Self::Windows1252 => "Windows-1252",
        }
    }

    /// The encoding that a byte order mark names, and the bytes of the mark.
    pub fn of_mark(bytes: &[u8]) -> Option<(Self, usize)> {
        match bytes {
            [0xEF, 0xBB, 0xBF, ..] => Some((Self::Utf8, 3)),
            [0xFF, 0xFE, ..] => Some((Self::Utf16Le, 2)),
            [0xFE, 0xFF, ..] => Some((Self::Utf16Be, 2)),
            _ => None,
        }
    }
}

/// Bytes of the other encoding read at a time.
const RAW_BYTES: usize = 1 << 16;

/// Whether bytes that begin with one beyond ASCII are Windows-1252 rather than UTF-8: more of them are no UTF-8 than are.
/// A text of UTF-8 with a damaged character stays one; in one of Windows-1252 letters make UTF-8 by chance alone.
pub fn is_windows_1252(bytes: &[u8], is_end: bool) -> bool {
    let (mut characters, mut strays) = (0_usize, 0_usize);
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        characters += chunk.valid().bytes().filter(|byte| *byte >= 0xC0).count();
        let is_cut = chunks.peek().is_none() && !is_end && chunk.invalid().len() < 4;
        let is_whole = chunk.invalid().is_empty() || (is_cut && chunk.invalid().first().is_some_and(|b| *b >= 0xC2));
        strays += usize::from(!is_whole);
    }
    strays > characters
}

/// A reader that gives UTF-8.
pub struct Decoding {
    input: Box<dyn Read + Send>,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    given: usize,
    at_end: bool,
}

impl Decoding {
    /// What `input` says; UTF-8 is given as it stands, but for what is none.
    pub fn new(input: Box<dyn Read + Send>, encoding: Encoding) -> Self {
        let decoder = match encoding {
            Encoding::Utf16Le => UTF_16LE,
            Encoding::Utf16Be => UTF_16BE,
            Encoding::Windows1252 => WINDOWS_1252,
            Encoding::Utf8 => encoding_rs::UTF_8,
        }
        .new_decoder_without_bom_handling();
        Self { input, decoder, raw: vec![0; RAW_BYTES], text: Vec::new(), given: 0, at_end: false }
    }

    fn decode(&mut self) -> io::Result<()> {
        let read = self.input.read(&mut self.raw)?;
        self.at_end = read == 0;
        self.text.clear();
        self.given = 0;
        let mut rest = self.raw.get(..read).unwrap_or_default();
        loop {
            let room = self.decoder.max_utf8_buffer_length(rest.len()).unwrap_or(RAW_BYTES * 3);
            let start = self.text.len();
            self.text.resize(start + room, 0);
            let into = self.text.get_mut(start..).unwrap_or_default();
            let (result, used, written, _) = self.decoder.decode_to_utf8(rest, into, self.at_end);
            self.text.truncate(start + written);
            rest = rest.get(used..).unwrap_or_default();
            if result == CoderResult::InputEmpty {
                return Ok(());
            }
        }
    }
}

impl Read for Decoding {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.at_end {
            self.decode()?;
        }
        let mut rest = self.text.get(self.given..).unwrap_or_default();
        let count = rest.read(out)?;
        self.given += count;
        Ok(count)
    }
}
