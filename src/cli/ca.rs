//! `espat-sim ca`: the certificate authority of the simulated hosts.

use crate::net::tls;

/// Print the certificate of the authority that signs for simulated hosts (PEM), for firmware that brings its own.
#[derive(Debug, clap::Args)]
pub struct CaArgs {
    /// Print its private key instead, to sign more with. It is public, and protects nothing.
    #[arg(long)]
    key: bool,
}

/// Prints it.
pub fn run(args: &CaArgs) -> i32 {
    let pem = if args.key { tls::CA_KEY } else { tls::CA };
    say!("{}", pem.trim_end());
    0
}
