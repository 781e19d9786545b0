#![allow(clippy::unwrap_used)]

use redis::{RedisError, parse_redis_value};
use rustls::{CertificateError, InvalidMessage};
use secrecy::SecretString;

use super::*;

fn address(url: &str) -> Address {
    Address::parse(&SecretString::from(url)).unwrap()
}

fn tls() -> Address {
    address("rediss://default:SECRET@h.upstash.io:6379")
}

fn plain() -> Address {
    address("redis://default:SECRET@127.0.0.1:6379")
}

fn io_error(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Every line of the service's table of errors.
#[test]
fn what_the_service_says() {
    use TroubleCode as Code;
    let rows = [
        ("WRONGPASS invalid or missing auth token", Code::PasswordRefused, Lane::Stop),
        ("WRONGPASS invalid username-password pair or user is disabled.", Code::PasswordRefused, Lane::Stop),
        ("NOAUTH Authentication required.", Code::PasswordRefused, Lane::Stop),
        ("ERR invalid password", Code::PasswordRefused, Lane::Stop),
        ("NOPERM this user has no permissions to run the 'subscribe' command", Code::NotPermitted, Lane::Stop),
        ("NOPERM no permissions to access the 'max requests limit' channel", Code::NotPermitted, Lane::Stop),
        ("READONLY You can't write against a read only replica.", Code::ReadOnlyToken, Lane::Stop),
        ("ERR max requests limit exceeded. Limit: 500000, Usage: 500001", Code::QuotaUsedUp, Lane::Slow),
        ("ERR max daily request limit exceeded", Code::QuotaUsedUp, Lane::Slow),
        ("ERR max concurrent connections exceeded", Code::TooManyConnections, Lane::Slow),
        ("ERR max number of clients reached", Code::TooManyConnections, Lane::Slow),
        ("ERR max request size exceeded. Limit: 10485760", Code::TooLarge, Lane::Fast),
        ("ERR max record size exceeded", Code::TooLarge, Lane::Fast),
        ("LOADING Redis is loading the dataset in memory", Code::ServerError, Lane::Fast),
        ("ERR something new", Code::ServerError, Lane::Fast),
    ];
    for (text, code, lane) in rows {
        for stage in [Stage::LogIn, Stage::Subscribe] {
            let fault = classify(&Failure::Refused(stage, text.to_owned()), &tls());
            assert_eq!((fault.trouble.code, fault.lane), (code, lane), "{text}");
        }
        // The same line as redis-rs reports it.
        let value = parse_redis_value(format!("-{text}\r\n").as_bytes()).unwrap();
        let error = value.extract_error().unwrap_err();
        let fault = classify(&Failure::from_redis(Stage::Subscribe, &error, None), &tls());
        assert_eq!((fault.trouble.code, fault.lane), (code, lane), "{text} by redis-rs: {error}");
    }
    let fault = classify(&Failure::Refused(Stage::LogIn, rows[7].0.to_owned()), &tls());
    assert!(fault.trouble.message.contains("limit 500000"));
}

#[test]
fn what_the_network_does() {
    use TroubleCode as Code;
    use io::ErrorKind as Kind;
    let reset = || io::Error::from(Kind::ConnectionReset);
    let rows = [
        (Failure::Io(Stage::Name, io::Error::other("x")), Code::NameNotFound, Code::NameNotFound),
        (Failure::Io(Stage::Connect, Kind::ConnectionRefused.into()), Code::Unreachable, Code::Unreachable),
        (Failure::Io(Stage::Connect, Kind::TimedOut.into()), Code::TimedOut, Code::TimedOut),
        (Failure::TimedOut(Stage::Subscribe), Code::TimedOut, Code::TimedOut),
        (Failure::Io(Stage::LogIn, reset()), Code::ConnectionLost, Code::TlsNeeded),
        (Failure::Ended(Stage::LogIn, End::Closed), Code::ConnectionLost, Code::TlsNeeded),
        (Failure::Garbled(vec![0x15, 3, 3, 0, 2]), Code::NotRedis, Code::TlsNeeded),
        (Failure::Garbled(b"HTTP/1.1 400".to_vec()), Code::NotRedis, Code::NotRedis),
        (Failure::Ended(Stage::Live, End::Closed), Code::ConnectionLost, Code::ConnectionLost),
        (Failure::Ended(Stage::Live, End::Failed(Kind::TimedOut)), Code::ConnectionSilent, Code::ConnectionSilent),
        (Failure::Ended(Stage::Live, End::Failed(Kind::InvalidData)), Code::NotRedis, Code::NotRedis),
        (Failure::Silent, Code::ConnectionSilent, Code::ConnectionSilent),
        (Failure::Io(Stage::Encrypt, reset()), Code::ConnectionLost, Code::ConnectionLost),
    ];
    for (failure, encrypted, unencrypted) in rows {
        for (address, code) in [(tls(), encrypted), (plain(), unencrypted)] {
            let fault = classify(&failure, &address);
            assert_eq!((fault.trouble.code, fault.lane), (code, Lane::Fast), "{failure:?} at {address:?}");
        }
    }
}

#[test]
fn why_a_certificate_was_refused() {
    let rows = [
        (CertificateError::UnknownIssuer, "authority"),
        (CertificateError::NotValidForName, "another name"),
        (CertificateError::Expired, "expired"),
        (CertificateError::NotValidYet, "not valid yet"),
        (CertificateError::Revoked, "revoked"),
        (CertificateError::BadSignature, "malformed"),
    ];
    for (reason, word) in rows {
        let failure = Failure::Io(Stage::Encrypt, io_error(rustls::Error::InvalidCertificate(reason)));
        let trouble = classify(&failure, &tls()).trouble;
        assert_eq!(trouble.code, TroubleCode::CertificateRefused);
        assert!(trouble.message.contains(word), "{}", trouble.message);
    }
    let corrupt = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
    let fault = classify(&Failure::Io(Stage::Encrypt, io_error(corrupt)), &tls());
    assert_eq!(fault.trouble.code, TroubleCode::NotRedis);
}

#[test]
fn what_becomes_of_one_message() {
    let of = |text| publishing(text, "chad\u{2192}helios", 12_000_000);
    let code = |failed: PublishFailed| match failed {
        PublishFailed::Refused(trouble) => ("refused", trouble.code),
        PublishFailed::Limited(trouble) => ("limited", trouble.code),
        PublishFailed::Failed(trouble) => ("failed", trouble.code),
        other => panic!("{other:?}"),
    };
    assert_eq!(code(of("ERR max request size exceeded. Limit: 10485760")), ("refused", TroubleCode::TooLarge));
    assert_eq!(code(of("NOPERM no")), ("refused", TroubleCode::NotPermitted));
    assert_eq!(code(of("READONLY no")), ("refused", TroubleCode::ReadOnlyToken));
    assert_eq!(code(of("ERR max requests limit exceeded.")), ("limited", TroubleCode::QuotaUsedUp));
    assert_eq!(code(of("LOADING wait")), ("limited", TroubleCode::ServerError));
    assert_eq!(code(of("ERR internal error")), ("failed", TroubleCode::ServerError));
    assert_eq!(of("NOAUTH who are you"), PublishFailed::NotConnected);
    let PublishFailed::Refused(trouble) = of("ERR max request size exceeded. Limit: 10485760") else { panic!() };
    assert!(trouble.message.contains("12000000") && trouble.message.contains("10485760"), "{}", trouble.message);
}

/// A server that does not know AUTH repeats its arguments.
#[test]
fn an_echoed_log_in_is_not_repeated() {
    let text = "ERR unknown command 'AUTH', with args beginning with: 'default' 'SECRET'";
    for stage in [Stage::LogIn, Stage::Subscribe, Stage::Live] {
        let fault = classify(&Failure::Refused(stage, text.to_owned()), &tls());
        assert!(!format!("{fault:?}").contains("SECRET"), "{fault:?}");
    }
    let fault = classify(&Failure::Refused(Stage::LogIn, "pass-SECRET is unknown".to_owned()), &tls());
    assert!(!format!("{fault:?}").contains("SECRET"), "{fault:?}");
}

#[test]
fn redis_errors_without_a_code() {
    let failed = RedisError::from((redis::ErrorKind::AuthenticationFailed, "x"));
    assert_eq!(classify(&Failure::from_redis(Stage::LogIn, &failed, None), &tls()).lane, Lane::Stop);
    let broken = RedisError::from(io::Error::from(io::ErrorKind::BrokenPipe));
    let end = Some(End::Failed(io::ErrorKind::ConnectionReset));
    let fault = classify(&Failure::from_redis(Stage::Subscribe, &broken, end), &tls());
    assert_eq!(fault.trouble.code, TroubleCode::ConnectionLost);
    let parse = RedisError::from((redis::ErrorKind::Parse, "x"));
    assert_eq!(
        classify(&Failure::from_redis(Stage::Subscribe, &parse, None), &tls()).trouble.code,
        TroubleCode::NotRedis
    );
}
