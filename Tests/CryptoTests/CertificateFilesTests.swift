import Crypto
import Foundation
import Testing

@Suite struct CertificateFilesTests {
    private let shared = TestCertificates.shared
    private let now = Int64(Date().timeIntervalSince1970)

    private func check(
        _ certificate: String, _ key: String, authorities: String? = nil, afterDays days: Int64 = 0
    ) -> [CertificateFiles.Finding] {
        CertificateFiles.check(
            certificate: shared.path(certificate), key: shared.path(key),
            clientAuthorities: authorities.map(shared.path), atSeconds: now + days * 86400 + 60)
    }

    @Test func `good files are all good`() {
        let findings = check("example.pem", "example.key", authorities: "ca.pem")
        #expect(findings.map(\.severity) == [.good, .good, .good])
    }

    @Test(
        arguments: zip(
            [20 as Int64, 40, -2], [CertificateFiles.Finding.Severity.warning, .failure, .failure]))
    func `a certificate near its end, after it, or before its time is told`(
        days: Int64, severity: CertificateFiles.Finding.Severity
    ) {
        let finding = check("example.pem", "example.key", afterDays: days).first
        #expect(finding?.severity == severity && finding?.advice.isEmpty == false)
    }

    @Test func `a key of another certificate is told`() {
        #expect(check("example.pem", "second.key").last?.severity == .failure)
    }

    @Test func `a missing file and a file without a certificate are told`() {
        #expect(check("nowhere.pem", "example.key").first?.message.contains("No such file") == true)
        #expect(check("example.key", "example.key").first?.message.contains("no certificate") == true)
        #expect(check("example.pem", "example.pem").last?.severity == .failure)
    }

    @Test func `a key that everyone can read is a warning`() throws {
        let open = shared.path("open.key")
        try Data(contentsOf: URL(fileURLWithPath: shared.path("example.key"))).write(
            to: URL(fileURLWithPath: open))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: open)
        #expect(check("example.pem", "open.key").last?.severity == .warning)
    }
}
