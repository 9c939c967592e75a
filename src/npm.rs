//! Pinned packages of the npm registry, brought into the cache without npm.
//!
//! A package is its published bytes: whoever serves them, a mirror, a proxy or a file brought by hand, can
//! only give these or nothing. What is installed is whole or absent, because its last step is a rename; what
//! was fetched of a package stays beside it until then, and the next try goes on from there. Logins of
//! private registries are not known here: `npm pack` and a file serve who has one.

use crate::backoff::Backoff;
use crate::secret::hex;
use crate::{file, tls};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha512};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

const PINNED: &str = include_str!("../packaging/packages.txt");
/// Where npm itself looks when nothing else is said.
pub const DEFAULT_REGISTRY: &str = "https://registry.npmjs.org";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// For the head of an answer, and for each piece of its body.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(30);
/// Tries in a row that bring nothing new.
const MAX_VAIN_TRIES: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// [`MAX_VAIN_TRIES`] end a series of attempts before its pauses are this long.
const MAX_PAUSE: Duration = Duration::from_secs(10);
const PIECE_BYTES: usize = 256 << 10;

/// A package that is pinned for this platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// As the registry knows it.
    pub name: &'static str,
    /// The one that is pinned.
    pub version: &'static str,
    /// Of the package as published, in hexadecimal digits.
    pub sha512: &'static str,
    /// Of the package as published.
    pub bytes: u64,
    /// What is kept of it.
    pub files: Vec<&'static str>,
}

/// Where a package comes from.
#[derive(Debug, Clone, Copy)]
pub enum Origin<'a> {
    /// Base URL of a registry.
    Registry(&'a str),
    /// The package itself, brought by hand.
    File(&'a Path),
}

/// Why a package was not installed. Nothing is changed then, but that more of it may be there for the next
/// try.
#[allow(missing_docs, reason = "each sentence says what its variant and fields are")]
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error(
        "{url} cannot be brought: {cause}; try again, name another registry with --registry, or bring the \
        file by hand and give it with --from"
    )]
    Fetch { url: String, cause: String },
    #[error(
        "{url} is answered {status}; name a registry that has it with --registry, or bring the file by hand \
        (`npm pack {package}`) and give it with --from"
    )]
    Status { url: String, status: u16, package: String },
    #[error(
        "the checksum of {origin} is not that of {package}; nothing was installed. Bring it from another \
        registry, or try again"
    )]
    Checksum { origin: String, package: String },
    #[error("{package} holds no {file}, although its checksum is right")]
    Missing { package: String, file: String },
    #[error("cannot use {}: {cause}", path.display())]
    Io { path: PathBuf, cause: io::Error },
    #[error("another install is under way in {}; wait for it", .0.display())]
    UnderWay(PathBuf),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
}

/// The version that is pinned of `what`, whichever platform this is.
pub fn version(what: &str) -> &'static str {
    lines(what).next().and_then(|fields| fields.get(2).copied()).unwrap_or_default()
}

/// The package that is pinned of `what` for a platform such as `linux-x86_64`.
pub fn package(what: &str, platform: &str) -> Option<Package> {
    let fields = lines(what).find(|fields| [platform, "any"].contains(&fields[0]))?;
    let [_, name, version, sha512, bytes, ref files @ ..] = fields[..] else { return None };
    Some(Package { name, version, sha512, bytes: bytes.parse().ok()?, files: files.to_vec() })
}

/// What this program was built for, as [`package`] wants it.
pub fn platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

/// The fields behind the first of each line about `what`.
fn lines(what: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let fields = PINNED.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields.filter(move |fields| fields.first() == Some(&what)).map(|mut fields| fields.split_off(1))
}

impl Package {
    fn spelt(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// Where its files are below `folder` once it is installed.
    pub fn directory(&self, folder: &Path) -> PathBuf {
        folder.join(self.version)
    }

    /// Whether all of its files are there.
    pub fn is_installed(&self, folder: &Path) -> bool {
        let directory = self.directory(folder);
        self.files.iter().all(|file| directory.join(file).is_file())
    }

    fn url(&self, registry: &str) -> String {
        let base = self.name.rsplit('/').next().unwrap_or(self.name);
        format!("{}/{}/-/{base}-{}.tgz", registry.trim_end_matches('/'), self.name, self.version)
    }

    /// Installs it below `folder`, in a directory of its version. `progress` is told how many of its bytes
    /// are here.
    ///
    /// # Errors
    /// See [`InstallError`].
    pub fn install(
        &self,
        origin: Origin<'_>,
        folder: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), InstallError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |cause| InstallError::Io { path, cause }
        };
        std::fs::create_dir_all(folder).map_err(io(folder))?;
        let part = folder.join(format!("{}.tgz.part", self.version));
        let lock = file::open_private(&part).map_err(io(&part))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(InstallError::UnderWay(folder.to_owned())),
            Err(TryLockError::Error(cause)) => return Err(InstallError::Io { path: part, cause }),
        }
        let (brought, told) = match origin {
            Origin::File(path) => (path.to_owned(), path.display().to_string()),
            Origin::Registry(registry) => {
                let url = self.url(registry);
                self.fetch(&url, &part, progress)?;
                (part.clone(), url)
            }
        };
        if sha512(&brought).map_err(io(&brought))? != self.sha512 {
            // Going on from wrong bytes would never end well.
            let _ = std::fs::remove_file(&part);
            return Err(InstallError::Checksum { origin: told, package: self.spelt() });
        }
        let unpacked = Unpacked::beside(&self.directory(folder)).map_err(io(folder))?;
        self.unpack(&brought, &unpacked.directory).map_err(io(&unpacked.directory))??;
        unpacked.put(&self.directory(folder)).map_err(io(folder))?;
        let _ = std::fs::remove_file(&part);
        Ok(())
    }

    /// Brings what is missing of `part`, in as many tries as bring something.
    fn fetch(&self, url: &str, part: &Path, progress: &mut dyn FnMut(u64)) -> Result<(), InstallError> {
        let agent = agent(url)?;
        let io = |cause| InstallError::Io { path: part.to_owned(), cause };
        let (mut most, mut vain) = (0, 0);
        let mut backoff = Backoff::new(FIRST_PAUSE, MAX_PAUSE);
        loop {
            let failure = match self.fetch_once(&agent, url, part, progress) {
                Ok(()) => return Ok(()),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(cause)) => cause,
            };
            let here = std::fs::metadata(part).map_err(io)?.len();
            vain = if here > most { 0 } else { vain + 1 };
            most = most.max(here);
            if vain >= MAX_VAIN_TRIES {
                return Err(InstallError::Fetch { url: url.to_owned(), cause: failure });
            }
            std::thread::sleep(backoff.pause());
            if vain == 0 {
                backoff.reset();
            }
        }
    }

    fn fetch_once(
        &self,
        agent: &ureq::Agent,
        url: &str,
        part: &Path,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), Failure> {
        let io = |cause| Failure::Final(InstallError::Io { path: part.to_owned(), cause });
        let mut here = std::fs::metadata(part).map_err(io)?.len();
        if here >= self.bytes {
            // All of it, or more than it can be: the checksum decides.
            return Ok(());
        }
        let mut request = agent.get(url);
        if here > 0 {
            request = request.header("Range", format!("bytes={here}-"));
        }
        let answer = request.call().map_err(|error| Failure::Passing(error.to_string()))?;
        match answer.status().as_u16() {
            206 => {}
            // Registries that know no ranges send all of it again.
            200 => here = 0,
            416 => {
                File::create(part).map_err(io)?;
                return Err(Failure::Passing("it has fewer bytes than are here".into()));
            }
            status @ (408 | 429 | 500..) => return Err(Failure::Passing(format!("it answered {status}"))),
            status => {
                let (url, package) = (url.to_owned(), self.spelt());
                return Err(Failure::Final(InstallError::Status { url, status, package }));
            }
        }
        let mut out = OpenOptions::new().append(true).open(part).map_err(io)?;
        out.set_len(here).map_err(io)?;
        // One byte more than there should be, so that too long a package is a wrong one.
        let mut body = answer.into_body().into_reader().take(self.bytes + 1 - here);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match body.read(&mut piece) {
                Ok(0) => break,
                Ok(length) => {
                    out.write_all(&piece[..length]).map_err(io)?;
                    here += length as u64;
                    progress(here.min(self.bytes));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Failure::Passing(error.to_string())),
            }
        }
        // A connection that broke ended above. What is whole and still shorter is another package: the
        // checksum says so.
        out.sync_all().map_err(io)
    }

    /// Unpacks the files that are kept, each on the disk when this returns.
    fn unpack(&self, package: &Path, directory: &Path) -> io::Result<Result<(), InstallError>> {
        let mut archive = tar::Archive::new(GzDecoder::new(BufReader::new(File::open(package)?)));
        let mut missing = self.files.clone();
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let Some(place) = missing.iter().position(|file| path == Path::new("package").join(file)) else {
                continue;
            };
            let file = missing.swap_remove(place);
            let target = directory.join(file);
            let mut out = OpenOptions::new().write(true).create_new(true).mode(0o644).open(target)?;
            io::copy(&mut entry, &mut out)?;
            out.sync_all()?;
        }
        Ok(match missing.first() {
            None => Ok(()),
            Some(file) => Err(InstallError::Missing { package: self.spelt(), file: (*file).to_owned() }),
        })
    }
}

enum Failure {
    /// Another try may do.
    Passing(String),
    Final(InstallError),
}

/// A directory that becomes another by its name, or is removed.
struct Unpacked {
    directory: PathBuf,
}

impl Unpacked {
    fn beside(target: &Path) -> io::Result<Unpacked> {
        let mut directory = target.as_os_str().to_owned();
        directory.push(format!(".new.{}", std::process::id()));
        let directory = PathBuf::from(directory);
        // Of a process that was killed and had this one's number.
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir(&directory)?;
        std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755))?;
        Ok(Unpacked { directory })
    }

    fn put(self, target: &Path) -> io::Result<()> {
        file::sync_directory(&self.directory)?;
        // What is there is not whole, or nobody would have come here.
        match std::fs::remove_dir_all(target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        std::fs::rename(&self.directory, target)?;
        file::sync_directory(target.parent().unwrap_or(Path::new(".")))
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A client of the registry. It goes through the proxy that `HTTPS_PROXY` and its like name.
fn agent(url: &str) -> Result<ureq::Agent, InstallError> {
    let mut config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("shopfunnel/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(SILENCE_TIMEOUT))
        .timeout_per_read(Some(SILENCE_TIMEOUT));
    // Mirrors may send on to another host, and that over TLS; a system without certificates still reaches
    // plain ones.
    match tls::authorities(None) {
        Ok(authorities) => {
            let roots: Vec<_> =
                authorities.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
            let tls = TlsConfig::builder()
                .root_certs(RootCerts::new_with_certs(&roots))
                .unversioned_rustls_crypto_provider(tls::provider());
            config = config.tls_config(tls.build());
        }
        Err(error) if url.starts_with("https://") => return Err(error.into()),
        Err(_) => {}
    }
    Ok(config.build().new_agent())
}

fn sha512(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha512::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hex(&hash.finalize())),
            length => hash.update(&piece[..length]),
        }
    }
}

#[cfg(test)]
mod tests;
