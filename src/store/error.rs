//! Why ClickHouse did not do what it was asked, by what the caller can do about it.

use super::migrate::history::Divergence;
use rustls::CertificateError;
use std::error::Error;
use std::io;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached or did not answer in time. The same call may work later.
    #[error("ClickHouse is away: {0}")]
    Away(String),
    /// It cannot be the server that is meant. The same call works only after the settings, or the server,
    /// were changed.
    #[error("{0}")]
    Unusable(String),
    /// It answered with an error. The same call will fail again.
    #[error("ClickHouse refused: {0}")]
    Refused(String),
    /// It refused the insert for what a row holds. The other rows will be taken without it.
    #[error("ClickHouse refused a row: {0}")]
    Poisoned(String),
    /// The tables are not those of this version.
    #[error(transparent)]
    Diverged(#[from] Divergence),
}

impl StoreError {
    /// Whether waiting may help.
    pub fn is_away(&self) -> bool {
        matches!(self, StoreError::Away(_) | StoreError::Unusable(_))
    }

    /// Whether waiting helps only when somebody changes something meanwhile.
    pub fn is_unusable(&self) -> bool {
        matches!(self, StoreError::Unusable(_))
    }
}

impl From<clickhouse::error::Error> for StoreError {
    fn from(error: clickhouse::error::Error) -> StoreError {
        use clickhouse::error::Error;
        match error {
            Error::Network(cause) => failed(&*cause),
            Error::TimedOut => StoreError::Away("it did not answer in time".into()),
            Error::BadResponse(text) => answered(text),
            other => StoreError::Refused(other.to_string()),
        }
    }
}

/// What an error that the server answered means.
pub(super) fn answered(text: String) -> StoreError {
    if is_passing(&text) {
        StoreError::Away(text)
    } else if POISON.contains(&code(&text).unwrap_or(0)) {
        StoreError::Poisoned(text)
    } else {
        StoreError::Refused(format!("bad response: {text}"))
    }
}

/// Whether an error answer is about the server's state and not about the request: no error of ClickHouse at
/// all (a proxy's), or one that passes.
fn is_passing(text: &str) -> bool {
    /// TIMEOUT_EXCEEDED, TOO_MANY_SIMULTANEOUS_QUERIES, SOCKET_TIMEOUT, NETWORK_ERROR, MEMORY_LIMIT_EXCEEDED,
    /// TABLE_IS_READ_ONLY, NOT_ENOUGH_SPACE, TOO_MANY_PARTS, KEEPER_EXCEPTION.
    const PASSING: [u32; 9] = [159, 202, 209, 210, 241, 242, 243, 252, 999];
    code(text).is_none_or(|code| PASSING.contains(&code))
}

/// INCORRECT_DATA, TOO_LARGE_STRING_SIZE, VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE,
/// CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN, DECIMAL_OVERFLOW, VIOLATED_CONSTRAINT. Only what is surely a row's
/// fault: a row is set aside for it.
const POISON: [u32; 6] = [117, 131, 321, 349, 407, 469];

/// The number of ClickHouse's error, when the answer is one.
pub(super) fn code(text: &str) -> Option<u32> {
    text.strip_prefix("Code: ")?.split('.').next()?.parse().ok()
}

/// The innermost cause, which is the one that says something ("connection refused").
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// What a connection that failed means.
pub(super) fn failed(error: &(dyn Error + 'static)) -> StoreError {
    if let Some(error) = within::<rustls::Error>(error) {
        return not_believed(error);
    }
    if let Some(error) = within::<hyper::Error>(error) {
        if error.is_parse() {
            return StoreError::Unusable(
                "what answers at clickhouse.url does not speak HTTP; when it speaks TLS, write https:// \
                there, and otherwise the port of ClickHouse's HTTP interface (usually 8123)"
                    .into(),
            );
        }
        // What speaks TLS ends so too, when its alert is overtaken by the end of the connection.
        let is_reset = within::<io::Error>(error).is_some_and(|cause| {
            [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe].contains(&cause.kind())
        });
        if error.is_incomplete_message() || is_reset {
            return StoreError::Away(
                "it closed the connection without an answer; when it speaks TLS, write https:// in \
                clickhouse.url"
                    .into(),
            );
        }
    }
    StoreError::Away(deepest(error))
}

/// What a failed TLS handshake means. A certificate that expired is renewed where the server is, and nothing
/// here changes: events wait for that as for any server that is away.
fn not_believed(error: &rustls::Error) -> StoreError {
    use rustls::Error::{InvalidCertificate, InvalidMessage};
    match error {
        InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            StoreError::Away(format!(
                "the server at clickhouse.url shows a certificate that has expired ({error}); renew it there"
            ))
        }
        InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            StoreError::Away(format!(
                "the server at clickhouse.url shows a certificate that is not valid yet ({error}); compare \
                the clocks of both machines"
            ))
        }
        InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => StoreError::Unusable(format!(
            "the server's certificate is not for the host of clickhouse.url ({error}); write a name there \
            that the certificate holds"
        )),
        // The latter is of a CA that has the name of one that is known, and another key.
        InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature) => StoreError::Unusable(
            "the certificate of the server at clickhouse.url is of a CA that is not known here; name the \
            PEM file of that CA with clickhouse.ca_file"
                .into(),
        ),
        InvalidCertificate(_) => StoreError::Unusable(format!(
            "the certificate of the server at clickhouse.url cannot be believed ({error}); name the PEM \
            file of its CA with clickhouse.ca_file, or have it issued anew"
        )),
        InvalidMessage(_) => StoreError::Unusable(
            "what answers at clickhouse.url does not speak TLS; write http:// there, or the port of \
            ClickHouse's HTTPS interface (usually 8443)"
                .into(),
        ),
        other => StoreError::Away(format!("TLS with the server at clickhouse.url failed: {other}")),
    }
}

/// The first error of a kind among an error and its causes. An `io::Error` hides the one that it was made of
/// from `source`.
fn within<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_that_pass_are_worth_waiting_for() {
        for (text, passing) in [
            ("Code: 241. DB::Exception: Memory limit exceeded", true),
            ("Code: 252. DB::Exception: Too many parts", true),
            ("502 Bad Gateway", true),
            ("Code: 62. DB::Exception: Syntax error", false),
            ("Code: 497. DB::Exception: tracker: Not enough privileges", false),
        ] {
            assert_eq!(is_passing(text), passing, "{text}");
        }
    }
}
