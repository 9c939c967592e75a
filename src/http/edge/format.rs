//! Whether a report is answered as JSON or as CSV.
//!
//! `format=` decides when it is there, else `Accept`. A caller who accepts neither gets JSON, as errors
//! always are.

use super::csv::Table;
use super::error::ApiError;
use super::parameters::Parameters;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Format {
    Json,
    Csv,
}

impl Format {
    /// What a request asks for; takes `format` from its parameters.
    ///
    /// # Errors
    /// `format` is neither `json` nor `csv`.
    pub fn of(request: &HttpRequest, parameters: &mut Parameters) -> Result<Format, ApiError> {
        match parameters.take("format")?.as_deref() {
            Some("json") => Ok(Format::Json),
            Some("csv") => Ok(Format::Csv),
            Some(_) => Err(ApiError::invalid("format", "write json or csv")),
            None => {
                let accept =
                    request.headers().get_all(header::ACCEPT).filter_map(|value| value.to_str().ok());
                Ok(Format::accepted(accept.flat_map(|value| value.split(','))))
            }
        }
    }

    /// What a list of media ranges likes best. A caller who likes both the same gets JSON.
    fn accepted<'a>(ranges: impl Iterator<Item = &'a str>) -> Format {
        let ranges: Vec<(&str, u16)> = ranges.filter_map(range).collect();
        let liking = |media_type: &str| {
            let (kind, _) = media_type.split_once('/').unwrap_or_default();
            let said = |wanted: &str| ranges.iter().find(|(range, _)| range.eq_ignore_ascii_case(wanted));
            // The closest range decides, whatever a wider one says.
            let (closeness, quality) = [(2, media_type), (1, &format!("{kind}/*")), (0, "*/*")]
                .into_iter()
                .find_map(|(closeness, wanted)| Some((closeness, said(wanted)?.1)))?;
            (quality > 0).then_some((quality, closeness))
        };
        if liking("text/csv") > liking("application/json") { Format::Csv } else { Format::Json }
    }

    /// The answer in this form. `file_name` is that of the CSV.
    ///
    /// # Errors
    /// Those of `table`.
    pub fn answer(
        self,
        file_name: &'static str,
        json: &impl Serialize,
        table: impl FnOnce() -> Result<Table, ApiError>,
    ) -> Result<HttpResponse, ApiError> {
        let mut response = match self {
            Format::Json => HttpResponse::Ok().json(json),
            Format::Csv => table()?.download(file_name),
        };
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
        headers.insert(header::VARY, header::HeaderValue::from_static("Accept"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, header::HeaderValue::from_static("nosniff"));
        Ok(response)
    }
}

/// One media range with its quality in thousandths; `None` when it cannot be read. Parameters other than `q`
/// do not matter here.
fn range(text: &str) -> Option<(&str, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let media_range = parts.next().filter(|range| range.contains('/'))?;
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let quality = match quality {
        None => 1.0,
        Some(text) => text.parse::<f64>().ok().filter(|quality| (0.0..=1.0).contains(quality))?,
    };
    Some((media_range, (quality * 1_000.0).round() as u16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn asked(accept: &str, query: &str) -> Result<Format, ApiError> {
        let request = TestRequest::default().insert_header((header::ACCEPT, accept)).to_http_request();
        Format::of(&request, &mut Parameters::read(query).unwrap())
    }

    #[test]
    fn the_parameter_beats_the_header() {
        assert_eq!(asked("text/csv", "format=json").unwrap(), Format::Json);
        assert_eq!(asked("application/json", "format=csv").unwrap(), Format::Csv);
        for query in ["format=xml", "format=", "format=CSV"] {
            let error = asked("*/*", query).unwrap_err();
            assert!(matches!(error, ApiError::InvalidParameter { name, .. } if name == "format"), "{query}");
        }
    }

    #[test]
    fn csv_is_for_those_who_like_it_better() {
        for (accept, format) in [
            ("text/csv", Format::Csv),
            ("TEXT/CSV; header=present", Format::Csv),
            ("text/csv, */*", Format::Csv),
            ("text/csv, */*;q=0.8", Format::Csv),
            ("text/csv;q=0.5, image/png", Format::Csv),
            ("text/*, application/json;q=0.9", Format::Csv),
            ("application/json;q=0, text/*", Format::Csv),
            ("", Format::Json),
            ("*/*", Format::Json),
            ("image/png", Format::Json),
            ("text/csv, application/json", Format::Json),
            ("text/csv;q=0.8, application/json", Format::Json),
            ("text/csv;q=0, */*", Format::Json),
            ("text/csv;q=high", Format::Json),
            ("text/csv;q=2", Format::Json),
            ("csv", Format::Json),
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Format::Json),
        ] {
            assert_eq!(asked(accept, "").unwrap(), format, "{accept}");
        }
    }
}
