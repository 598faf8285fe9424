import Foundation
import Glibc
import Synchronization

/// A real PostgreSQL in a folder of its own, on loopback and a Unix socket; it never outlives this process.
package final class PostgresServer: Sendable {
    /// The one that most tests share, each with databases of its own.
    package static let shared = Result { try PostgresServer() }

    /// Its folder; short, because a socket's path may have 107 bytes.
    package let folder: String
    /// The port on 127.0.0.1.
    package let port: UInt16
    /// Whom it knows: a superuser, by password over TCP.
    package static let user = "tester"
    /// The superuser's password.
    package static let password = "s3cret-of-the-tests"

    private struct State {
        var process: pid_t?
        var databases = 0
    }
    private let state = Mutex(State())
    private let extraSettings: [String: String]

    /// Starts one; `settings` go beyond what all have.
    package init(settings: [String: String] = [:], tls: Bool = false) throws {
        folder = "/tmp/hgpg-\(UUID().uuidString.prefix(8))"
        port = try freePort()
        var settings = settings
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        if getuid() == 0 { try runProgram(["chown", "postgres:postgres", folder]) }
        let passwordFile = "\(folder)/password"
        try PostgresServer.password.write(toFile: passwordFile, atomically: false, encoding: .utf8)
        if getuid() == 0 { try runProgram(["chown", "postgres:postgres", passwordFile]) }
        extraSettings = settings
        try runProgram(
            Self.asServer + [
                "\(Self.binaries)/initdb", "-D", "\(folder)/data", "-U", Self.user, "--auth-local=trust",
                "--auth-host=scram-sha-256", "--pwfile=\(passwordFile)", "-E", "UTF8", "--locale=C",
                "--no-sync",
            ])
        if tls {
            try makeCertificates()
            settings.merge([
                "ssl": "on", "ssl_cert_file": "\(folder)/server.pem", "ssl_key_file": "\(folder)/server.key",
            ]) { $1 }
            try "hostssl all all 127.0.0.1/32 scram-sha-256\nlocal all all trust\n".write(
                toFile: "\(folder)/hba", atomically: false, encoding: .utf8)
            try runProgram(["cp", "\(folder)/hba", "\(folder)/data/pg_hba.conf"])
        }
        var text = """
            listen_addresses = '127.0.0.1'
            port = \(port)
            unix_socket_directories = '\(folder)'
            max_connections = 800
            shared_buffers = 128MB
            fsync = on
            max_wal_size = 2GB
            log_min_messages = fatal

            """
        for (key, value) in settings { text += "\(key) = '\(value)'\n" }
        try text.write(toFile: "\(folder)/extra.conf", atomically: false, encoding: .utf8)
        try runProgram([
            "sh", "-c", "cat \(folder)/extra.conf >> \(folder)/data/postgresql.conf",
        ])
        Self.running.withLock { $0.append(self) }
        Self.endAtExit
        try start()
    }

    /// Where Debian keeps the newest server's programs.
    package static let binaries: String = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return "\(root)/\(versions.max { (Int($0) ?? 0) < (Int($1) ?? 0) } ?? "15")/bin"
    }()

    /// The server refuses to run as root.
    private static var asServer: [String] {
        getuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
    }

    // MARK: Databases

    /// Makes an empty database and gives its name.
    package func makeDatabase() throws -> String {
        let name = state.withLock { state in
            state.databases += 1
            return "test\(state.databases)"
        }
        try psql("CREATE DATABASE \(name)")
        return name
    }

    /// The URL of a database, over TCP.
    package func url(
        _ database: String, port: UInt16? = nil, user: String = PostgresServer.user,
        password: String = PostgresServer.password, query: String = ""
    ) -> String {
        "postgres://\(user):\(password)@127.0.0.1:\(port ?? self.port)/\(database)\(query)"
    }

    /// Runs statements as the superuser, over the local socket; gives what they print.
    @discardableResult
    package func psql(_ statements: String..., database: String = "postgres") throws -> String {
        try runProgram(
            ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p", "\(port)"]
                + ["-U", Self.user, "-d", database] + statements.flatMap { ["-c", $0] })
    }

    // MARK: Life

    /// Starts it, and waits until it answers.
    package func start() throws {
        let arguments =
            (getuid() == 0
                ? Self.asServer + ["--pdeathsig", "QUIT"] : ["setpriv", "--pdeathsig", "QUIT"])
            + ["bash", "-c", Self.closingDescriptors, "bash"]
            + ["\(Self.binaries)/postgres", "-D", "\(folder)/data"]
        let process = try Spawner.shared.spawn(arguments, log: "\(folder)/log")
        state.withLock { $0.process = process }
        for _ in 0..<600 {
            if (try? psql("SELECT 1")) != nil { return }
            usleep(25_000)
        }
        throw POSIXError(.ECONNREFUSED)
    }

    /// Whatever this process has open at that moment would stay open for as long as the server runs.
    private static let closingDescriptors = """
        for path in /proc/$$/fd/*; do n=${path##*/}; [ "$n" -gt 2 ] && eval "exec $n>&-"; done; exec "$@"
        """

    /// Stops it: with `immediate` as a crash would.
    package func stop(immediate: Bool = false) {
        guard let process = state.withLock({ $0.process.take() }) else { return }
        thaw(process)
        kill(process, immediate ? SIGQUIT : SIGINT)
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) == -1, errno == EINTR {}
    }

    /// Stops all its processes where they are.
    package func freeze() {
        guard let process = state.withLock({ $0.process }) else { return }
        // The first one first, so that it starts no others meanwhile.
        kill(process, SIGSTOP)
        for child in Self.children(of: process) { kill(child, SIGSTOP) }
    }

    /// Lets them go on.
    package func thaw() {
        if let process = state.withLock({ $0.process }) { thaw(process) }
    }

    private func thaw(_ process: pid_t) {
        for child in Self.children(of: process) { kill(child, SIGCONT) }
        kill(process, SIGCONT)
    }

    /// Ends it and removes its folder.
    package func remove() {
        stop(immediate: true)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func children(of process: pid_t) -> [pid_t] {
        let path = "/proc/\(process)/task/\(process)/children"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap { pid_t($0) }
    }

    private static let running = Mutex<[PostgresServer]>([])
    private static let endAtExit: Void = {
        atexit { for server in PostgresServer.running.withLock({ $0 }) { server.remove() } }
    }()

    // MARK: TLS

    /// An authority of its own (`ca.pem`) and the certificate of `localhost` that it signed.
    private func makeCertificates() throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        try runProgram(
            ["openssl", "req", "-x509", "-days", "30", "-subj", "/CN=test authority"] + key
                + ["-keyout", "\(folder)/ca.key", "-out", "\(folder)/ca.pem"])
        try runProgram(
            ["openssl", "req", "-subj", "/CN=localhost"] + key
                + ["-keyout", "\(folder)/server.key", "-out", "\(folder)/server.csr"])
        try "subjectAltName=DNS:localhost\n".write(
            toFile: "\(folder)/names", atomically: false, encoding: .utf8)
        try runProgram([
            "openssl", "x509", "-req", "-days", "30", "-in", "\(folder)/server.csr", "-CA",
            "\(folder)/ca.pem",
            "-CAkey", "\(folder)/ca.key", "-CAcreateserial", "-extfile", "\(folder)/names", "-out",
            "\(folder)/server.pem",
        ])
        if getuid() == 0 { try runProgram(["chown", "postgres:postgres", "\(folder)/server.key"]) }
        try runProgram(["chmod", "600", "\(folder)/server.key"])
    }
}

/// Runs a program to its end; what it prints, or an error with what it complained of.
///
/// Without Foundation's `Process`, which waits for the end of a pipe that any other child may have inherited.
@discardableResult
package func runProgram(_ command: [String]) throws -> String {
    let file = "/tmp/hgrun-\(UUID().uuidString)"
    defer { unsafe unlink(file) }
    let process = try Spawner.start(command, file)
    var status: Int32 = 0
    while unsafe waitpid(process, &status, 0) == -1, errno == EINTR {}
    let text = ((try? String(contentsOfFile: file, encoding: .utf8)) ?? "")
        .trimmingCharacters(in: .whitespacesAndNewlines)
    guard status == 0 else { throw CommandError(command: command[0], output: text) }
    return text
}

/// What a program complained of.
package struct CommandError: Error, CustomStringConvertible {
    let command: String
    let output: String
    /// The program, and its words.
    package var description: String { "\(command): \(output)" }
}
