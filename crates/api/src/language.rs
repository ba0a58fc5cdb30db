//! The language in which people are answered.

use axum::http::{HeaderMap, header};
use domain::setting::Language as Spoken;

/// The language of an answer's sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// 中文.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// Of `Accept-Language` the one of ours with the highest weight, the first of equals; else English.
    pub fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_LANGUAGE).iter();
        let ranges = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let mut best = (0, Self::English);
        for (language, weight) in ranges.filter_map(Self::range) {
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// One language range and its weight in thousandths (RFC 9110, section 12.4.2), when it is ours.
    fn range(text: &str) -> Option<(Self, u32)> {
        let mut parts = text.split(';').map(str::trim);
        let primary = parts.next()?.split('-').next()?;
        let language = match primary.to_ascii_lowercase().as_str() {
            "zh" => Self::Chinese,
            "en" => Self::English,
            _ => return None,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let thousandths = weight.map_or(Ok(1.0), str::parse::<f32>).ok()? * 1000.0;
        Some((language, thousandths.clamp(0.0, 1000.0) as u32))
    }

    /// The sentence in that language.
    pub const fn pick<'w>(self, zh: &'w str, en: &'w str) -> &'w str {
        match self {
            Self::Chinese => zh,
            Self::English => en,
        }
    }
}

/// The language of the texts that other crates write.
pub fn spoken(headers: &HeaderMap) -> Spoken {
    match Language::of(headers) {
        Language::Chinese => Spoken::Chinese,
        Language::English => Spoken::English,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn language(accepted: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, accepted.parse().unwrap());
        Language::of(&headers)
    }

    #[test]
    fn the_language_we_speak_with_the_highest_weight_is_taken() {
        assert_eq!(language("zh-CN,zh;q=0.9,en;q=0.8"), Language::Chinese);
        assert_eq!(language("fr-FR, en;q=0.5, zh;q=0.3"), Language::English);
        assert_eq!(language("en;q=0.2, zh;q=0.9"), Language::Chinese);
        assert_eq!(language("zh;q=0, en;q=0.1"), Language::English);
        assert_eq!(language("zh-Hant-TW;q=0.5, en;q=0.50"), Language::Chinese);
        assert_eq!(language("en;q=much, zh;q=0.1"), Language::Chinese);
        assert_eq!(language("enm, zh;q=0.1"), Language::Chinese);
        assert_eq!(language("语"), Language::English);
        assert_eq!(Language::of(&HeaderMap::new()), Language::English);
    }
}
