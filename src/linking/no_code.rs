//! Product codes that say nothing: words for "none" in the languages of shops, zeros, punctuation.

use std::{collections::HashSet, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Words and phrases for "there is none", "unknown" or "not yet", blanks and punctuation left out; any case, with or without accents.
const NOTHING: &[&str] = &[
    // English, programs and spreadsheets
    "n/a", "na", "none", "null", "nil", "nan", "nothing", "void", "empty", "blank", "unknown", "unk", "unkn", "undefined", "unset",
    "unspecified", "unassigned", "unavailable", "missing", "tbd", "tba", "tbc", "to be determined", "to be announced",
    "to be confirmed", "to be defined", "pending", "placeholder", "dummy", "default", "no", "not", "not available", "not applicable",
    "not assigned", "not set", "not known", "not specified", "not found", "not provided", "non", "does not apply", "do not apply",
    "without", "sku unknown", "n", "[object object]", "error", "#ref!", "#value!", "#name?", "#div/0!", "#num!", "#null!",
    // German, Dutch, Scandinavian, Finnish
    "k.A.", "keine", "keiner", "kein", "keine Angabe", "keine Angaben", "ohne", "unbekannt", "leer", "nicht vorhanden",
    "nicht verfügbar", "nicht bekannt", "nicht zutreffend", "entfällt", "fehlt", "n.v.", "n.z.", "geen", "onbekend", "leeg", "n.v.t.",
    "niet van toepassing", "niet beschikbaar", "ontbreekt", "ingen", "inget", "intet", "okänd", "okänt", "saknas", "ukendt", "ukjent",
    "mangler", "ej tillgänglig", "ikke tilgjengelig", "ikke tilgængelig", "ei ole", "ei mitään", "puuttuu", "tuntematon", "tyhjä",
    // French, Spanish, Portuguese, Italian, Romanian, Catalan
    "aucun", "aucune", "néant", "inconnu", "inconnue", "vide", "sans", "sans objet", "n.d.", "n.c.", "n.r.", "non applicable",
    "non disponible", "non communiqué", "non renseigné", "non défini", "indisponible", "manquant", "ninguno", "ninguna", "ningún",
    "nada", "desconocido", "desconocida", "nulo", "nula", "vacío", "sin", "sin definir", "no aplica", "no disponible", "por definir",
    "s/n", "s/c", "nenhum", "nenhuma", "desconhecido", "desconhecida", "vazio", "sem", "não aplicável", "não disponível", "não se aplica",
    "indisponível", "a definir", "nessuno", "nessuna", "sconosciuto", "sconosciuta", "ignoto", "vuoto", "senza", "assente", "nullo",
    "non disponibile", "non applicabile", "da definire", "niciunul", "niciuna", "necunoscut", "lipsă", "lipsește", "fără",
    "desconegut",
    // Polish, Czech, Slovak, Hungarian, Croatian, Turkish, Baltic
    "brak", "nie dotyczy", "nieznany", "nieznana", "nieznane", "pusty", "puste", "bez", "žádný", "žádná", "žádné", "není", "neznámý",
    "neznámé", "neznáme", "prázdné", "chybí", "chýba", "žiadny", "žiadne", "nie je", "nincs", "ismeretlen", "üres", "nema", "nepoznato",
    "prazno", "yok", "bilinmiyor", "belirtilmemiş", "boş", "nėra", "nežinoma", "nezināms", "puudub", "tundmatu",
    // Russian, Ukrainian, Bulgarian, Greek
    "нет", "нету", "неизвестно", "неизвестный", "отсутствует", "пусто", "н/д", "н/у", "не указан", "не указано", "нет данных", "без",
    "немає", "невідомо", "відсутній", "порожньо", "няма", "липсва", "неприложимо", "κανένα", "κανένας", "καμία", "άγνωστο", "άγνωστος",
    "κενό", "δεν υπάρχει", "χωρίς",
    // Arabic, Hebrew, Persian, Hindi
    "لا يوجد", "لاشيء", "بدون", "غير متوفر", "غير معروف", "غير محدد", "مجهول", "فارغ", "אין", "ללא", "לא ידוע", "לא רלוונטי", "ריק", "ندارد",
    "نامشخص", "नहीं", "कोई नहीं", "अज्ञात", "उपलब्ध नहीं", "रिक्त",
    // Chinese, Japanese, Korean, Vietnamese, Thai, Indonesian
    "无", "無", "没有", "沒有", "未知", "暂无", "暫無", "不详", "不詳", "空", "不适用", "不適用", "未定", "待定", "缺失", "なし", "無し", "ナシ", "不明", "該当なし",
    "未設定", "未登録", "空白", "없음", "없다", "미정", "미상", "해당없음", "해당사항없음", "알수없음", "không", "không có", "không rõ", "chưa có", "chưa rõ", "trống",
    "ไม่มี", "ไม่ระบุ", "ไม่ทราบ", "ว่าง", "tidak ada", "tidak diketahui", "tidak tersedia", "kosong", "tiada", "belum ada", "wala",
];

/// Words that may stand beside one for nothing: "no SKU", "code unknown".
const FILLERS: &[&str] = &[
    "a", "the", "is", "yet", "at", "this", "time", "given", "code", "codes", "sku", "id", "ean", "upc", "gtin", "mpn", "isbn", "asin",
    "barcode", "number", "num", "nr", "ref", "reference", "product", "item", "article", "model", "part", "value", "data", "info", "available",
    "assigned", "known", "set", "specified", "provided", "applicable", "artikel", "artikelnummer", "nummer", "bestellnummer", "produit",
    "référence", "numéro", "codice", "articolo", "prodotto", "código", "referencia", "número", "producto", "produto", "referência", "kod",
    "kodu", "numer", "indeks", "код", "артикул", "κωδικός", "编码", "编号", "番号", "コード", "型番", "코드",
];

static NOTHINGS: LazyLock<HashSet<String>> = LazyLock::new(|| NOTHING.iter().map(|word| folded(word).concat()).collect());
static BESIDE: LazyLock<HashSet<String>> = LazyLock::new(|| FILLERS.iter().map(|word| folded(word).concat()).collect());

/// Whether a product code says that there is none: nothing but zeros, punctuation or x's, or a word for nothing.
pub fn says_nothing(code: &str) -> bool {
    // Nearly every code has such a digit, and none of the words has.
    if code.bytes().any(|byte| matches!(byte, b'1'..=b'9')) {
        return false;
    }
    let words = folded(code);
    let whole = words.concat();
    let is_zeros = |word: &str| word.chars().all(|c| c == '0');
    let is_filled = |word: &str| word.len() > 1 && word.chars().all(|c| c == 'x');
    let is_nothing = |word: &String| NOTHINGS.contains(word) || is_zeros(word) || is_filled(word);
    is_nothing(&whole)
        || (words.iter().any(is_nothing) && words.iter().all(|word| is_nothing(word) || BESIDE.contains(word)))
}

/// The words of a text in lower case, without accents, in compatible characters (`０` is `0`).
fn folded(text: &str) -> Vec<String> {
    let plain: String = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_nothing_in_any_spelling_say_nothing() {
        for code in [
            "N/A", "n/a", "n.a.", "(N/A)", "#N/A", "NA", "None", "NULL", "<null>", "nil", "NaN", "-", "--", "—", "???", ".", " ", "TBD",
            "tba", "Unknown", "UNKNOWN ", "undefined", "no code", "No SKU", "not available", "Not Applicable", "does not apply",
            "SKU: none", "code unknown", "no EAN available", "xxx", "XXXX-XX", "k.A.", "unbekannt", "keine Angabe", "ohne Artikelnummer",
            "entfällt", "entfallt", "aucun", "Néant", "NEANT", "inconnu", "sans référence", "ninguno", "sin código", "desconocido",
            "nenhum", "não disponível", "nessuno", "brak", "nie dotyczy", "není", "нет", "Неизвестно", "Н/Д", "без артикула", "κανένα", "yok",
            "なし", "不明", "未知", "无", "無", "없음", "لا يوجد", "אין", "không có", "\\N", "#REF!",
        ] {
            assert!(says_nothing(code), "{code}");
        }
    }

    #[test]
    fn zeros_in_any_spelling_say_nothing() {
        for code in ["0", "0000", "0.00", "00-00", "000 000", "０００", "#0", "-0", "SKU 000"] {
            assert!(says_nothing(code), "{code}");
        }
    }

    #[test]
    fn codes_say_something() {
        for code in [
            "A1", "0001", "100", "X", "NA-1", "N/A-7", "NONE5", "0x1F", "WD", "BELT", "NAVY", "TBDX", "NOVA", "Zero", "OO", "ABC-DEF",
            "NULLA7", "NOIR", "SANSA", "000A", "コード甲", "артикул",
        ] {
            assert!(!says_nothing(code), "{code}");
        }
    }
}
