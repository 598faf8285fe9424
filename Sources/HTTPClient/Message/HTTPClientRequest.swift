package import Base
package import Reactor
package import Wire

/// A request and the limits of its exchange.
package struct HTTPClientRequest: Sendable {
    /// What is sent after the head.
    package enum Body: Sendable {
        case none
        case bytes(Bytes)
        /// Read piece by piece, nil being the end; without a length it is sent chunked. Cannot be sent twice.
        case stream(length: Int?, next: @Sendable () async throws -> Bytes?)
        /// Given by `HTTPClientExchange.write` and `finish`.
        case written(length: Int?)
    }

    /// Which HTTP is spoken.
    package enum Version: Sendable {
        /// HTTP/2 where TLS negotiates it; HTTP/1.1 otherwise, and with libcurl before 8.0 for requests with a
        /// body, whose HTTP/2 answers it may lose.
        case automatic
        /// HTTP/1.1 only.
        case http1
        /// HTTP/2 where TLS negotiates it, and without asking on clear text. With libcurl before 8.0 an early
        /// answer to a body may be lost, and clear text costs a connection for each request.
        case http2
    }

    /// How the server's certificate is judged.
    package struct TLS: Sendable, Equatable {
        /// PEM file of the authorities to trust instead of the system's.
        package var authoritiesFile: String?
        /// Whether to judge at all; false is for tests.
        package var verifies = true

        /// The system's authorities.
        package init(authoritiesFile: String? = nil, verifies: Bool = true) {
            self.authoritiesFile = authoritiesFile
            self.verifies = verifies
        }
    }

    package var method: HTTPMethod
    /// An absolute http or https URL.
    package var url: String
    package var fields: HeaderFields
    package var body: Body
    package var version = Version.automatic
    package var tls = TLS()
    package var proxy: HTTPProxy?

    /// Until the connection stands, TLS and proxy included.
    package var connectTimeout = Duration.seconds(10)
    /// For the whole exchange; nil for streams without an end.
    package var timeout: Duration? = .seconds(60)
    /// Without a byte in either direction once the connection stands; not counted while the reader lets it wait.
    package var idleTimeout: Duration?

    /// Bytes of the answer's body, after decompression.
    package var bodyBytesMax = 8 << 20
    /// How many redirects are followed; 0 gives the redirect itself as the answer.
    package var redirectsMax = 0
    /// Whether a compressed answer is asked for, and given decompressed.
    package var decompresses = false

    /// Whether an address may be spoken to.
    ///
    /// Asked before each address is connected to, those of redirects too, and before a kept connection is used.
    /// Through a proxy it sees the proxy's address. Called on the client's loop; must not wait.
    package var mayConnect: (@Sendable (SocketAddress) -> Bool)?

    /// Whether it may be sent again, on a new connection, when a kept one turns out to be closed.
    ///
    /// Without a value: whether its method is idempotent. Others may have been carried out already, so they fail
    /// with `connectionLost`.
    package var mayRepeat: Bool?

    /// Makes a request with the default limits.
    package init(
        _ method: HTTPMethod = .get, _ url: String, fields: HeaderFields = HeaderFields(), body: Body = .none
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }

    var hasBody: Bool {
        if case .none = body { false } else { true }
    }

    var repeats: Bool {
        mayRepeat ?? [.get, .head, .put, .delete, .options].contains(method)
    }
}

extension HTTPClientRequest: CustomStringConvertible, CustomReflectable {
    /// The method only: URLs and fields carry tokens.
    package var description: String { "\(method) request" }
    /// Shows nothing, for the same reason.
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
