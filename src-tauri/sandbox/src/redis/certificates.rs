//! An authority of the sandbox's own, and the server's certificate from it.
//!
//! The authority's key is never written: when the server has its certificate, nobody can make another.

use std::fs;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

use super::config::{Paths, write_private};

/// What is right or wrong with the certificate that a server shows. For tests of what happens then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificate {
    /// For `localhost`, and valid for long.
    #[default]
    Right,
    /// For `elsewhere.example`.
    OtherName,
    /// It expired on 2 January 2020.
    Expired,
}

pub(super) fn write(paths: &Paths, certificate: Certificate) -> Result<()> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "Heliograph sandbox authority");
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let key = KeyPair::generate()?;
    let names = match certificate {
        Certificate::OtherName => vec!["elsewhere.example".into()],
        Certificate::Right | Certificate::Expired => vec!["localhost".into(), "127.0.0.1".into()],
    };
    let mut server = CertificateParams::new(names)?;
    if certificate == Certificate::Expired {
        server.not_before = date_time_ymd(2019, 1, 2);
        server.not_after = date_time_ymd(2020, 1, 2);
    }
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = server.signed_by(&key, &issuer)?;

    fs::write(&paths.ca, authority_certificate.pem()).context("cannot write the authority's certificate")?;
    fs::write(&paths.certificate, certificate.pem()).context("cannot write the server's certificate")?;
    write_private(&paths.key, &key.serialize_pem())
}
