import Base
import Crypto
import Foundation
import TestSupport

/// Certificates that the `openssl` command made for this run, in a folder of their own.
struct TestCertificates: Sendable {
    /// Made once for all tests; nobody writes to it.
    static let shared = TestCertificates()

    let folder: URL

    init() {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("crypto-\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try makeAuthority("ca")
            try makeAuthority("other-ca")
            try makeLeaf("example", names: "DNS:example.test,DNS:www.example.test")
            try makeLeaf("wild", names: "DNS:*.wild.test")
            try makeLeaf("exact", names: "DNS:exact.wild.test")
            try makeLeaf("second", names: "DNS:example.test")
            try makeLeaf("address", names: "IP:127.0.0.1")
            try makeLeaf("rsa", names: "DNS:example.test", key: "rsa:2048")
            try makeLeaf("client", names: "DNS:worker-7.test,URI:spiffe://test/worker-7,email:w@worker.test")
            try makeLeaf("stranger", names: "DNS:stranger.test", authority: "other-ca")
        } catch {
            fatalError("openssl cannot make the certificates: \(error)")
        }
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    func identity(_ name: String) -> TLSIdentity {
        TLSIdentity(chain: .file(path("\(name).pem")), key: .file(path("\(name).key")))
    }

    var authority: PEMSource { .file(path("ca.pem")) }

    private func makeAuthority(_ name: String) throws {
        try openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
            "-subj", "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).pem"))
    }

    func makeLeaf(_ name: String, names: String, authority: String = "ca", key: String = "ec") throws {
        let curve = key == "ec" ? ["-pkeyopt", "ec_paramgen_curve:P-256"] : []
        try openssl(
            ["req", "-newkey", key] + curve + [
                "-nodes", "-subj", "/O=Test/CN=\(name)", "-addext", "subjectAltName=\(names)",
                "-keyout", path("\(name).key"), "-out", path("\(name).csr"),
            ])
        try openssl(
            "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(authority).pem"), "-CAkey",
            path("\(authority).key"), "-days", "30", "-copy_extensions", "copyall", "-out",
            path("\(name).pem"))
    }

    func openssl(_ arguments: String...) throws { try openssl(arguments) }

    private func openssl(_ arguments: [String]) throws {
        try ChildProcess.run("/usr/bin/openssl", arguments)
    }
}
