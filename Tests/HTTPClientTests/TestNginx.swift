import Foundation
import Glibc
import HTTPClient
import Synchronization
import TestSupport

/// A running nginx with a certificate of its own: TLS with HTTP/2 by ALPN, clear-text HTTP/2, and HTTP/1.1 TLS.
final class TestNginx: Sendable {
    /// One for all tests; it ends with the process.
    static let shared = Result {
        // Where a port has become somebody else's, the next five will hardly be.
        for _ in 0..<4 {
            // The last attempt says why.
            if let nginx = try? TestNginx() { return nginx }
        }
        return try TestNginx()
    }

    let folder: URL
    let tlsPort: UInt16
    let clearPort: UInt16
    let http1Port: UInt16
    /// Closes a connection after 10 requests.
    let shortPort: UInt16
    private let plainPort: UInt16

    private init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "httpclient-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try ChildProcess.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "30", "-subj", "/CN=test", "-addext", "subjectAltName=DNS:localhost", "-keyout",
                folder.path + "/key.pem", "-out", folder.path + "/cert.pem",
            ])
        try Data(repeating: 0x61, count: 20 << 20).write(to: folder.appendingPathComponent("large"))
        // As late as can be: until nginx listens, the ports may become somebody else's.
        let ports = try freePorts(5)
        (tlsPort, clearPort, http1Port) = (ports[0], ports[1], ports[2])
        (shortPort, plainPort) = (ports[3], ports[4])
        try configuration.write(toFile: path("nginx.conf"), atomically: true, encoding: .utf8)
        let nginx = try ChildProcess(
            "/usr/sbin/nginx", ["-p", folder.path, "-c", path("nginx.conf"), "-e", path("error.log")])
        Self.folderToEnd.withLock { $0 = folder.path }
        atexit { TestNginx.end() }
        // The ports listen together, in this order.
        for _ in 0..<30_000 {
            guard nginx.isRunning else { break }
            if let descriptor = TestConnection.connect(shortPort) {
                close(descriptor)
                return
            }
            usleep(2000)
        }
        // What is left of it is no reason to fail.
        try? FileManager.default.removeItem(at: folder)
        throw POSIXError(.ECONNREFUSED)
    }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    private var configuration: String {
        """
        daemon off;
        worker_processes 1;
        pid \(path("nginx.pid"));
        events { worker_connections 1024; }
        http {
            access_log off;
            client_body_temp_path \(path("body")); proxy_temp_path \(path("proxy"));
            fastcgi_temp_path \(path("fastcgi")); uwsgi_temp_path \(path("uwsgi")); scgi_temp_path \(path("scgi"));
            ssl_certificate \(path("cert.pem"));
            ssl_certificate_key \(path("key.pem"));
            client_max_body_size 64m;
            keepalive_requests 100000;
            root \(folder.path);
            server {
                listen 127.0.0.1:\(tlsPort) ssl http2;
                listen 127.0.0.1:\(clearPort) http2;
                listen 127.0.0.1:\(http1Port) ssl;
                location = /version { return 200 "$server_protocol $connection"; }
                location = /large { }
                # Reads the whole body before it asks the server behind.
                location = /count { proxy_pass http://127.0.0.1:\(plainPort); }
            }
            server {
                listen 127.0.0.1:\(plainPort);
                location = /count { return 200 "$content_length"; }
            }
            server {
                listen 127.0.0.1:\(shortPort) ssl http2;
                keepalive_requests 10;
                location = /version { return 200 "$server_protocol $connection"; }
                location = /count { proxy_pass http://127.0.0.1:\(plainPort); }
            }
        }
        """
    }
}

extension TestNginx {
    fileprivate static let folderToEnd = Mutex<String?>(nil)

    fileprivate static func end() {
        guard let folder = folderToEnd.withLock({ $0 }),
            let text = try? String(contentsOfFile: folder + "/nginx.pid", encoding: .utf8),
            let id = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
        else { return }
        kill(id, SIGTERM)
        // Its workers may hold on to their folders for a moment.
        for _ in 0..<200 where FileManager.default.fileExists(atPath: folder) {
            try? FileManager.default.removeItem(atPath: folder)
            usleep(5000)
        }
    }
}

/// So many ports that nobody listened at a moment ago.
private func freePorts(_ count: Int) throws -> [UInt16] {
    // Held together, so that no port is given twice.
    let listeners = try (0..<count).map { _ in try LoopbackListener() }
    defer { for listener in listeners { listener.close() } }
    return listeners.map(\.port)
}
