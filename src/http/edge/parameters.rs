//! The query string of a report: each parameter known, at the right number, and never a key.

use super::error::ApiError;
use crate::shops::key::KeyKind;
use crate::shops::share;

/// Names under which other services take a key in the address.
const KEY_NAMES: [&str; 8] =
    ["key", "token", "api_key", "apikey", "access_token", "secret_key", "read_key", "authorization"];

/// An error stays short: a longer list of parameters is left to the document.
const MAX_LISTED_CHARS: usize = 60;

/// The parameters that are not taken yet. What nobody takes is refused by [`Parameters::finish`].
#[derive(Debug)]
pub struct Parameters {
    left: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Parameters {
    /// Splits a query string.
    ///
    /// # Errors
    /// It cannot be read, or holds a key.
    pub fn read(query: &str) -> Result<Parameters, ApiError> {
        let left: Vec<(String, String)> = serde_urlencoded::from_str(query)
            .map_err(|_| ApiError::invalid("query", "the query string cannot be read"))?;
        let is_key = |(name, value): &(String, String)| {
            KEY_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
                || [KeyKind::Secret, KeyKind::Read].iter().any(|kind| kind.has_form(value))
                || share::read(value).is_some()
        };
        if left.iter().any(is_key) {
            return Err(ApiError::KeyInUrl);
        }
        Ok(Parameters { left, known: Vec::new() })
    }

    /// Takes a parameter that may be there once.
    ///
    /// # Errors
    /// It is there twice.
    pub fn take(&mut self, name: &'static str) -> Result<Option<String>, ApiError> {
        let mut values = self.take_all(name);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(ApiError::invalid(name, "it is given twice")),
        }
    }

    /// Takes a parameter that may be there several times, with its values in their order.
    pub fn take_all(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        let taken = self.left.extract_if(.., |(found, _)| found == name);
        taken.map(|(_, value)| value).collect()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// A parameter that nobody has taken, by its name.
    pub fn finish(self) -> Result<(), ApiError> {
        match self.left.first() {
            None => Ok(()),
            Some((name, _)) if self.known.is_empty() => {
                Err(ApiError::invalid(name, "there is no such parameter; this address takes none"))
            }
            Some((name, _)) => {
                let known = self.known.join(", ");
                let hint = if known.len() <= MAX_LISTED_CHARS {
                    format!("there are {known}")
                } else {
                    "/openapi.json lists those there are".into()
                };
                Err(ApiError::invalid(name, format!("there is no such parameter; {hint}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shops::key::KeyHash;

    fn refused(result: Result<(), ApiError>) -> String {
        match result {
            Err(ApiError::InvalidParameter { name, message }) => format!("{name}: {message}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_nobody_takes_is_refused_by_its_name() {
        let mut parameters = Parameters::read("from=a&source=x&source=%E8%8C%B6+y&other=1").unwrap();
        assert_eq!(parameters.take("from").unwrap().as_deref(), Some("a"));
        assert_eq!(parameters.take("to").unwrap(), None);
        assert_eq!(parameters.take_all("source"), ["x", "茶 y"]);
        let said = refused(parameters.finish());
        assert_eq!(said, "other: there is no such parameter; there are from, to, source");
        Parameters::read("").unwrap().finish().unwrap();
        let mut parameters = Parameters::read("other=1").unwrap();
        for name in ["campaign", "customer_type", "interval", "breakdown", "compare", "landing", "channel"] {
            assert_eq!(parameters.take(name).unwrap(), None);
        }
        let said = refused(parameters.finish());
        assert_eq!(said, "other: there is no such parameter; /openapi.json lists those there are");
    }

    #[test]
    fn one_of_a_kind_may_not_be_there_twice() {
        let mut parameters = Parameters::read("from=1&from=1").unwrap();
        let said = refused(parameters.take("from").map(drop));
        assert_eq!(said, "from: it is given twice");
    }

    #[test]
    fn a_key_is_refused_under_any_name_and_never_repeated() {
        let key = KeyKind::Read.make();
        let link = share::token("tea", 1, &KeyHash::of(&key));
        for query in
            ["key=x", "from=1&Token=", "ACCESS_TOKEN=x", &format!("source={key}"), &format!("to={link}")]
        {
            let error = Parameters::read(query).unwrap_err();
            assert!(matches!(error, ApiError::KeyInUrl), "{query}");
            assert!(!error.to_string().contains(&key));
        }
        Parameters::read("source=rk_1&campaign=sk_spring").unwrap();
    }
}
