//! Currencies: their signs beside an amount, and how many digits behind the mark they have (ISO 4217).

/// How many digits a currency has behind the mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digits {
    /// It is not known which currency it is.
    Unknown,
    /// It has no smaller coin.
    None,
    /// Cents.
    Two,
    /// Thousandths.
    Three,
}

/// Currencies without a smaller coin.
const NO_DIGITS: [&str; 17] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF",
    "XPF",
];

/// Currencies with thousandths.
const THREE_DIGITS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// How many digits the currency of a code has.
pub fn digits(code: &[u8]) -> Digits {
    let is_among = |codes: &[&str]| codes.iter().any(|known| known.as_bytes() == code);
    if is_among(&NO_DIGITS) {
        Digits::None
    } else if is_among(&THREE_DIGITS) {
        Digits::Three
    } else {
        Digits::Two
    }
}

/// What may stand before or after an amount: signs and abbreviations of currencies.
const SIGNS: [(&str, Digits); 111] = [
    ("US$", Digits::Two),
    ("AU$", Digits::Two),
    ("CA$", Digits::Two),
    ("NZ$", Digits::Two),
    ("HK$", Digits::Two),
    ("NT$", Digits::Two),
    ("MX$", Digits::Two),
    ("R$", Digits::Two),
    ("A$", Digits::Two),
    ("C$", Digits::Two),
    ("S$", Digits::Two),
    // Of dollars and of many a peso.
    ("$", Digits::Unknown),
    ("€", Digits::Two),
    ("£", Digits::Two),
    // Of yen and yuan.
    ("¥", Digits::Unknown),
    ("₹", Digits::Two),
    ("₩", Digits::None),
    ("₽", Digits::Two),
    ("₺", Digits::Two),
    ("₪", Digits::Two),
    ("₫", Digits::None),
    ("đ", Digits::None),
    ("₴", Digits::Two),
    ("₦", Digits::Two),
    ("₱", Digits::Two),
    ("₵", Digits::Two),
    ("₡", Digits::Two),
    ("₲", Digits::None),
    ("₸", Digits::Two),
    ("₾", Digits::Two),
    ("₼", Digits::Two),
    ("₮", Digits::Two),
    ("₭", Digits::Two),
    ("₨", Digits::Two),
    ("৳", Digits::Two),
    ("៛", Digits::Two),
    ("฿", Digits::Two),
    ("﷼", Digits::Two),
    ("元", Digits::Two),
    ("円", Digits::None),
    ("원", Digits::None),
    ("kr.", Digits::Two),
    ("kr", Digits::Two),
    ("Kr", Digits::Two),
    ("zł", Digits::Two),
    ("Kč", Digits::Two),
    ("Ft", Digits::Two),
    ("lei", Digits::Two),
    ("лв.", Digits::Two),
    ("лв", Digits::Two),
    ("руб.", Digits::Two),
    ("руб", Digits::Two),
    ("грн", Digits::Two),
    ("TL", Digits::Two),
    ("Rp", Digits::Two),
    ("RM", Digits::Two),
    ("Rs.", Digits::Two),
    ("Rs", Digits::Two),
    ("R", Digits::Two),
    ("Fr.", Digits::Two),
    ("Fr", Digits::Two),
    ("S/", Digits::Two),
    ("د.إ", Digits::Two),
    ("د.ك", Digits::Three),
    ("KD", Digits::Three),
    ("US $", Digits::Two),
    ("AU $", Digits::Two),
    ("CA $", Digits::Two),
    ("NZ $", Digits::Two),
    ("C $", Digits::Two),
    ("RD$", Digits::Two),
    ("TT$", Digits::Two),
    ("J$", Digits::Two),
    ("$U", Digits::Two),
    ("CN¥", Digits::Two),
    ("JP¥", Digits::None),
    ("RMB", Digits::Two),
    ("GH₵", Digits::Two),
    ("KSh", Digits::Two),
    ("Ksh", Digits::Two),
    ("Gs.", Digits::None),
    ("Bs.", Digits::Two),
    ("Q", Digits::Two),
    ("L.", Digits::Two),
    ("B/.", Digits::Two),
    ("S/.", Digits::Two),
    ("SFr.", Digits::Two),
    ("KM", Digits::Two),
    ("din.", Digits::Two),
    ("ден", Digits::Two),
    ("SR", Digits::Two),
    ("QR", Digits::Two),
    ("Dhs.", Digits::Two),
    ("Dhs", Digits::Two),
    ("DH", Digits::Two),
    ("BD", Digits::Three),
    ("JD", Digits::Three),
    ("DT", Digits::Three),
    ("د.ب", Digits::Three),
    ("د.ا", Digits::Three),
    ("د.أ", Digits::Three),
    ("د.ع", Digits::Three),
    ("د.ل", Digits::Three),
    ("د.ت", Digits::Three),
    ("ر.ع", Digits::Three),
    ("د.م", Digits::Two),
    ("د.ج", Digits::Two),
    ("ر.س", Digits::Two),
    ("ر.ق", Digits::Two),
    ("ج.م", Digits::Two),
    ("ل.ل", Digits::Two),
];

/// The codes of currencies that may stand there.
const CODES: [&str; 76] = [
    "USD", "EUR", "GBP", "JPY", "CNY", "INR", "KRW", "RUB", "TRY", "ILS", "VND", "UAH", "THB", "AUD", "CAD", "NZD",
    "HKD", "SGD", "TWD", "BRL", "MXN", "CLP", "COP", "ARS", "PEN", "UYU", "CRC", "CHF", "SEK", "NOK", "DKK", "ISK",
    "PLN", "CZK", "HUF", "RON", "BGN", "ZAR", "NGN", "KES", "GHS", "EGP", "MAD", "AED", "SAR", "QAR", "KWD", "PHP",
    "IDR", "MYR", "PKR", "BDT", "LKR", "KZT", "BHD", "IQD", "JOD", "LYD", "OMR", "TND", "PYG", "UGX", "RWF", "XAF",
    "XOF", "XPF", "GEL", "AZN", "AMD", "RSD", "MKD", "ALL", "BAM", "MDL", "BOB", "DOP",
];

/// Whether a text is a sign of a currency that no letter is in, like € and $.
pub fn is_sign(text: &str) -> bool {
    !text.contains(char::is_alphanumeric) && SIGNS.iter().any(|(sign, _)| *sign == text)
}

/// Whether a text is a sign or, in any case of letters, a code of a currency.
pub fn is_currency(text: &str) -> bool {
    // Of Albania, and a word.
    let is_code = |code: &str| code.eq_ignore_ascii_case(text) && code != "ALL";
    SIGNS.iter().any(|(sign, _)| *sign == text) || CODES.into_iter().any(is_code)
}

/// An amount without its currency, a sign or code before it, after it, or both, as in `$5.00 USD`; and how many digits
/// the currency has.
pub fn without_sign(text: &str) -> (&str, Digits) {
    // Arabic signs end with a point or not, and marks of direction stand around them.
    let text = text.trim_matches(|c: char| {
        c.is_whitespace() || "\u{200E}\u{200F}\u{202A}\u{202B}\u{202C}\u{2066}\u{2067}\u{2069}".contains(c)
    });
    let text = text
        .strip_suffix('.')
        .filter(|rest| rest.ends_with(|c: char| matches!(c, '\u{600}'..='\u{6FF}')))
        .unwrap_or(text);
    let code = |code: &'static str| (code, digits(code.as_bytes()));
    let signs = || SIGNS.into_iter().chain(CODES.map(code));
    let before = signs().filter_map(|(sign, digits)| Some((text.strip_prefix(sign)?, digits)));
    let (rest, of_first) = before.min_by_key(|(rest, _)| rest.len()).unwrap_or((text, Digits::Unknown));
    let after = signs().filter_map(|(sign, digits)| Some((rest.strip_suffix(sign)?, digits)));
    let (rest, of_last) = after.min_by_key(|(rest, _)| rest.len()).unwrap_or((rest, of_first));
    let digits = if of_last == Digits::Unknown { of_first } else { of_last };
    (rest.trim(), digits)
}
