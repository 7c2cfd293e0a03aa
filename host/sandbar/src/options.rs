//! How a platform is started.

use crate::home::Home;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::PathBuf;
use std::time::Duration;

pub use sandbar_runner::Ratios;

/// Where the platform listens unless told otherwise.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 3986));

/// Most runners of one process for one region: each brings a cell process of its own.
pub const MAX_RUNNERS: u32 = 16;

/// Silence after which a runner is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdicts {
    /// It takes new sandboxes only if no other fits.
    pub suspect: Duration,
    /// It takes none.
    pub disconnected: Duration,
    /// Its sandboxes are given up as far as their policy says.
    pub lost: Duration,
}

/// Options of a platform. Every field has a sensible value but the data directory.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where everything durable is kept; made, mode 0700, if missing.
    pub data_dir: PathBuf,
    /// Components, userland and manifest.
    pub home: Home,
    /// Compiled code; safe to delete, safe to share between platforms of one user.
    pub cache_dir: PathBuf,
    /// Address of the HTTP listener; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Base URL under which clients reach the listener; none: made from the listener's address.
    pub public_url: Option<String>,
    /// Domain directly below which every host is a preview (`<port>-<sandbox>.<domain>`); none: every domain.
    pub preview_domain: Option<String>,
    /// Ids of the shared regions made at the first start, each with local runners. The first is the default region.
    pub regions: Vec<String>,
    /// Local runners of each region, 1 to [`MAX_RUNNERS`].
    pub runners: u32,
    /// What of the machine each local runner sells.
    pub ratios: Ratios,
    /// A component to try before the manifest's scheduler.
    pub scheduler: Option<PathBuf>,
    /// Further schedulers by the name of the policy that they are: a sandbox or region that asks for it is placed by that one.
    pub policies: BTreeMap<String, PathBuf>,
    /// Addresses that sandboxes may reach although they are not public.
    pub egress_allow: Vec<SocketAddr>,
    /// Certificates (PEM) that programs in sandboxes trust beside the public ones.
    pub guest_ca_file: Option<PathBuf>,
    /// Silence after which a runner is suspect, disconnected and lost; none: the manifest's.
    pub verdicts: Option<Verdicts>,
    /// The binary that is started as `<executable> cell ...`; none: this process's own.
    pub executable: Option<PathBuf>,
}

impl Options {
    /// Defaults with this data directory.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Options {
        Options {
            data_dir: data_dir.into(),
            home: Home::find(),
            cache_dir: crate::home::default_cache(),
            listen: DEFAULT_LISTEN,
            public_url: None,
            preview_domain: None,
            regions: Vec::new(),
            runners: 1,
            ratios: Ratios::default(),
            scheduler: None,
            policies: BTreeMap::new(),
            egress_allow: Vec::new(),
            guest_ca_file: None,
            verdicts: None,
            executable: None,
        }
    }

    /// Adds a region.
    #[must_use]
    pub fn region(mut self, id: impl Into<String>) -> Options {
        self.regions.push(id.into());
        self
    }

    /// Sets the listener's address.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Options {
        self.listen = address;
        self
    }

    /// The regions, `us` if none was named.
    pub(crate) fn region_ids(&self) -> Vec<String> {
        if self.regions.is_empty() {
            vec!["us".to_owned()]
        } else {
            self.regions.clone()
        }
    }
}
