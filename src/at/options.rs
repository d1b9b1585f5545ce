//! What commands set for the links to come and nothing saves: the names that TLS uses, the block sizes of AT+CIPSENDL.

/// Names and keys that a link's TLS client uses (AT+CIPSSLCCN, AT+CIPSSLCSNI, AT+CIPSSLCALPN, AT+CIPSSLCPSK,
/// AT+CIPSSLCCIPHER).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsNames {
    /// The common name that the server's certificate must carry; empty: not looked at. Up to 64 bytes.
    pub common_name: Vec<u8>,
    /// The server name indication; empty: none. Up to 64 bytes.
    pub server_name: Vec<u8>,
    /// The application protocols offered, up to five.
    pub protocols: Vec<Vec<u8>>,
    /// The cipher suites offered, by their numbers (IANA), best first; empty: all of the build.
    pub suites: Vec<u16>,
    /// The pre-shared key; empty: none. Up to 32 bytes.
    pub key: Vec<u8>,
    /// The hint of the pre-shared key. Up to 32 bytes.
    pub hint: Vec<u8>,
}

/// AT+CIPSENDLCFG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSizes {
    /// A report each time so many bytes have been sent.
    pub report: u64,
    /// Bytes handed to the stack at once.
    pub transmit: usize,
}

impl Default for BlockSizes {
    fn default() -> Self {
        BlockSizes { report: 1024, transmit: 2920 }
    }
}
