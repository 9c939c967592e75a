//! A file for browsers that is compiled in, in three forms: as it is, in brotli and in gzip.
//!
//! Compressed when it was built, so that serving it costs nothing. Each form has an ETag of its own, because
//! a cache that is asked with the one must not answer with the other.

use crate::secret::hex;
use actix_web::http::header::{self, AcceptEncoding, EntityTag, Header, IfNoneMatch, Preference};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use sha2::{Digest, Sha256};

/// What is compiled in changes with the program only.
pub const COMPILED_IN: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=3600");
/// Hexadecimal digits of the hash that stands in addresses; `dashboards/web/build.mjs` takes as many.
const HASH_DIGITS: usize = 16;

/// A file of `dist` with its compressed forms beside it.
macro_rules! asset {
    ($path:literal, $media_type:literal) => {
        $crate::http::edge::asset::Asset::new(
            $media_type,
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path)),
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path, ".br")),
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/", $path, ".gz")),
        )
    };
}
pub(in crate::http) use asset;

/// One file.
pub struct Asset {
    media_type: &'static str,
    plain: &'static [u8],
    brotli: &'static [u8],
    gzip: &'static [u8],
    hash: String,
}

/// In which form a file is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Identity,
    Brotli,
    Gzip,
}

impl Coding {
    fn name(self) -> Option<&'static str> {
        match self {
            Coding::Identity => None,
            Coding::Brotli => Some("br"),
            Coding::Gzip => Some("gzip"),
        }
    }
}

impl Asset {
    pub fn new(
        media_type: &'static str,
        plain: &'static [u8],
        brotli: &'static [u8],
        gzip: &'static [u8],
    ) -> Asset {
        let mut hash = hex(&Sha256::digest(plain));
        hash.truncate(HASH_DIGITS);
        Asset { media_type, plain, brotli, gzip, hash }
    }

    /// Stands for the content.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The answer to `request`, in the smallest form that it takes, or that it has the file already. `dress`
    /// adds the headers that the file has of its own.
    pub fn answer(
        &self,
        request: &HttpRequest,
        dress: impl FnOnce(&mut HttpResponseBuilder),
    ) -> HttpResponse {
        let coding = accepted(request);
        let tag = match coding.name() {
            None => EntityTag::new_strong(self.hash().to_owned()),
            Some(name) => EntityTag::new_strong(format!("{}-{name}", self.hash())),
        };
        let is_known = match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
            // Weak, because a proxy on the way may have marked it so.
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
            Err(_) => false,
        };
        let mut response = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response
            .insert_header((header::ETAG, tag.to_string()))
            .insert_header((header::VARY, "Accept-Encoding"))
            .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
        dress(&mut response);
        if is_known {
            return response.finish();
        }
        response.insert_header((header::CONTENT_TYPE, self.media_type));
        if let Some(name) = coding.name() {
            response.insert_header((header::CONTENT_ENCODING, name));
        }
        response.body(web::Bytes::from_static(match coding {
            Coding::Identity => self.plain,
            Coding::Brotli => self.brotli,
            Coding::Gzip => self.gzip,
        }))
    }
}

/// The form that a request likes best; of equals the smallest. One that takes nothing at all gets the file as
/// it is, which RFC 9110 (section 12.5.3) leaves to the server.
fn accepted(request: &HttpRequest) -> Coding {
    if !request.headers().contains_key(header::ACCEPT_ENCODING) {
        return Coding::Identity;
    }
    let Ok(AcceptEncoding(items)) = AcceptEncoding::parse(request) else { return Coding::Identity };
    let liked = |name: &str| {
        let named = items.iter().find(|item| match &item.item {
            Preference::Specific(coding) => coding.to_string() == name,
            Preference::Any => false,
        });
        let any = || items.iter().find(|item| item.item == Preference::Any);
        named.or_else(any).map(|item| item.quality)
    };
    let zero = header::Quality::ZERO;
    let brotli = liked("br").unwrap_or(zero);
    let gzip = liked("gzip").unwrap_or(zero);
    // Without a word about it the file as it is will do, and any other form that is named is liked better.
    let identity = liked("identity").unwrap_or(zero);
    if brotli > zero && brotli >= gzip && brotli >= identity {
        Coding::Brotli
    } else if gzip > zero && gzip >= identity {
        Coding::Gzip
    } else {
        Coding::Identity
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_form_is_the_one_that_is_liked_best() {
        for (header, coding) in [
            ("gzip, deflate, br, zstd", Coding::Brotli),
            ("gzip, deflate", Coding::Gzip),
            ("br;q=0.5, gzip", Coding::Gzip),
            ("br;q=0, gzip;q=0.1", Coding::Gzip),
            ("br;q=0, gzip;q=0", Coding::Identity),
            ("identity", Coding::Identity),
            ("identity;q=1, br;q=0.5", Coding::Identity),
            ("identity;q=0.5, br;q=1", Coding::Brotli),
            ("*", Coding::Brotli),
            ("*;q=0", Coding::Identity),
            ("br;q=0, *", Coding::Gzip),
            ("zstd", Coding::Identity),
            ("", Coding::Identity),
        ] {
            let request = TestRequest::default().insert_header(("Accept-Encoding", header)).to_http_request();
            assert_eq!(accepted(&request), coding, "{header}");
        }
        assert_eq!(accepted(&TestRequest::default().to_http_request()), Coding::Identity);
    }
}
