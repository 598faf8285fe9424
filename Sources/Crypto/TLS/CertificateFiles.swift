import Glibc

/// Looks at certificate files before anyone depends on them.
public enum CertificateFiles {
    /// One thing that was looked at.
    public struct Finding: Sendable, Hashable {
        /// How bad it is.
        public enum Severity: String, Sendable { case good, warning, failure }

        /// How bad it is.
        public let severity: Severity
        /// The file, or the files, that it is about.
        public let subject: String
        /// What was found.
        public let message: String
        /// What to do about it; empty where all is well.
        public let advice: String
    }

    /// Checks a certificate chain with its key, and a file of client authorities, at a moment in seconds since 1970.
    ///
    /// Reads files: not for an event loop.
    public static func check(
        certificate: String, key: String, clientAuthorities: String? = nil, atSeconds now: Int64
    ) -> [Finding] {
        var findings: [Finding] = []
        let chain = check(chain: certificate, now, &findings)
        do throws(TLSError) {
            let loaded = try PEM.privateKey(.file(key))
            if let leaf = chain.first, !leaf.matches(loaded) {
                findings.append(
                    Finding(
                        severity: .failure, subject: key,
                        message: "the key does not belong to the first certificate in \(certificate)",
                        advice: "give the key that the certificate was requested with, and put the leaf first"
                    ))
            } else {
                findings.append(
                    Finding(severity: .good, subject: key, message: "the key is good", advice: ""))
            }
            if let mode = permissions(key), mode & 0o007 != 0 {
                findings.append(
                    Finding(
                        severity: .warning, subject: key,
                        message: "everyone on this machine can reach the key",
                        advice: "chmod 600 \(key)"))
            }
        } catch {
            findings.append(failure(key, error, "give a PEM file with a private key that has no password"))
        }
        if let clientAuthorities { _ = check(chain: clientAuthorities, now, &findings) }
        return findings
    }

    private static func check(chain path: String, _ now: Int64, _ findings: inout [Finding]) -> [Certificate]
    {
        do throws(TLSError) {
            let certificates = try PEM.certificates(.file(path))
            for certificate in certificates { findings.append(check(certificate, in: path, now)) }
            return certificates
        } catch {
            findings.append(failure(path, error, "give a readable PEM file with at least one certificate"))
            return []
        }
    }

    private static func check(_ certificate: Certificate, in path: String, _ now: Int64) -> Finding {
        let validity = certificate.validity
        let days = (validity.notAfter - now) / 86400
        if now > validity.notAfter {
            return Finding(
                severity: .failure, subject: path,
                message: "\(certificate.subject) expired \((now - validity.notAfter) / 86400) days ago",
                advice: "renew the certificate, then reload")
        }
        if now < validity.notBefore {
            return Finding(
                severity: .failure, subject: path,
                message:
                    "\(certificate.subject) is not valid for another \(validity.notBefore - now) seconds",
                advice: "check this machine's clock, or wait")
        }
        return Finding(
            severity: days < 14 ? .warning : .good, subject: path,
            message: "\(certificate.subject) is valid for another \(days) days",
            advice: days < 14 ? "renew the certificate, then reload" : "")
    }

    private static func failure(_ path: String, _ error: TLSError, _ advice: String) -> Finding {
        Finding(severity: .failure, subject: path, message: error.message, advice: advice)
    }

    private static func permissions(_ path: String) -> mode_t? {
        var status = stat()
        return unsafe stat(path, &status) == 0 ? status.st_mode : nil
    }
}
