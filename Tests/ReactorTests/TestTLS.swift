import Crypto
import Foundation
import TestSupport

/// A server's and a client's context that trust each other, with a certificate of `openssl` for this run.
struct TestTLS: Sendable {
    static let shared: TestTLS = {
        do { return try TestTLS() } catch { fatalError("openssl makes no certificate: \(error)") }
    }()

    let server: TLSContext
    let client: TLSContext

    private init() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "reactor-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (certificate, key) = (folder.path + "/cert.pem", folder.path + "/key.pem")
        try ChildProcess.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "30", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
                certificate,
            ])
        let identity = TLSIdentity(chain: .file(certificate), key: .file(key))
        server = try TLSContext(server: TLSServerSettings(identities: [identity]))
        client = try TLSContext(client: TLSClientSettings(trust: .authorities(.file(certificate))))
        try? FileManager.default.removeItem(at: folder)
    }
}
