import Base
import Crypto
import Wire

/// `heliograph doctor`: looks for what could keep the server from running, and says what to do.
enum Doctor {
    static func run(_ configuration: Configuration, isJSON: Bool) async -> ExitCode {
        let findings =
            LibraryCheck.findings() + configuration.listen.map(PortCheck.finding)
            + [
                FileLimitCheck.finding(connectionsMax: configuration.http.connectionsMax),
                ClockCheck.finding(),
            ]
            + DataCheck.findings(configuration) + KeyCheck.findings(configuration) + encryption(configuration)
            + (await DatabaseCheck.findings(configuration))
        let isHealthy = !findings.contains { $0.severity == .failure }
        if isJSON {
            Terminal.say(json(findings, isHealthy))
        } else {
            Terminal.say(text(findings))
        }
        return isHealthy ? .success : .failure
    }

    private static func encryption(_ configuration: Configuration) -> [Finding] {
        guard let certificate = configuration.tls.certificate, let key = configuration.tls.key else {
            let isOpen = configuration.listen.contains { !$0.isLocal }
            guard isOpen, configuration.environment == .production else { return [] }
            return [
                .warning(
                    "tls", "other machines reach the server without encryption",
                    do: "set HELIOGRAPH_TLS_CERT and HELIOGRAPH_TLS_KEY, or put a proxy with TLS in front")
            ]
        }
        let findings = CertificateFiles.check(
            certificate: certificate, key: key, clientAuthorities: configuration.tls.clientAuthorities,
            atSeconds: Clocks.system.now.seconds)
        return findings.map { finding in
            let severity: Finding.Severity =
                switch finding.severity {
                case .good: .good
                case .warning: .warning
                case .failure: .failure
                }
            return Finding(
                severity: severity, part: "tls", message: "\(finding.subject): \(finding.message)",
                advice: finding.advice)
        }
    }

    private static func text(_ findings: [Finding]) -> String {
        var text = ""
        for finding in findings {
            let mark =
                switch finding.severity {
                case .good: "ok     "
                case .warning: "warning"
                case .failure: "BROKEN "
                }
            let gap = String(repeating: " ", count: max(0, 8 - finding.part.count))
            text += "\(mark)  \(finding.part)\(gap) \(finding.message)\n"
            if !finding.advice.isEmpty { text += "                  → \(finding.advice)\n" }
        }
        let failures = findings.count { $0.severity == .failure }
        let warnings = findings.count { $0.severity == .warning }
        return text + "\n\(findings.count) checks, \(failures) broken, \(warnings) to look at\n"
    }

    private static func json(_ findings: [Finding], _ isHealthy: Bool) -> Bytes {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("healthy", isHealthy)
            writer.key("findings")
            writer.array { writer in
                for finding in findings {
                    writer.object { writer in
                        writer.field("severity", finding.severity.rawValue)
                        writer.field("part", finding.part)
                        writer.field("message", finding.message)
                        writer.field("advice", finding.advice)
                    }
                }
            }
        }
        return writer.finish()
    }
}
