/// Why an exchange with a server failed.
package struct HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    package enum Code: String, Sendable {
        /// The request itself is not one that can be sent.
        case badRequest
        /// More requests are under way than the client allows.
        case overloaded
        /// The host's name has no address.
        case resolve
        /// No connection came about.
        case connect
        /// The request's guard refused every address, or the one it would have been sent to.
        case refusedByGuard
        /// The proxy could not be reached, or refused.
        case proxy
        /// TLS failed; most often the certificate is not trusted.
        case tls
        /// A time limit ran out; the message says which.
        case timeout
        /// The answer is over the size limit.
        case tooLarge
        /// The server redirects on and on.
        case tooManyRedirects
        /// What came is not HTTP, or broke off.
        case protocolError
        /// The connection ended before the answer was whole.
        case connectionLost
        /// What the request's body is read from failed.
        case bodyFailed
        /// The task was cancelled, or the client shut down.
        case cancelled
        /// Anything else that libcurl reports.
        case other
    }

    /// What kind of failure it is.
    package let code: Code
    /// The same in words, without the URL's path, query and credentials.
    package let message: String
    /// Whether the server may have seen the request; false means that sending it again cannot repeat it.
    package let mayHaveBeenSent: Bool

    /// Makes an error.
    package init(_ code: Code, _ message: String, mayHaveBeenSent: Bool = false) {
        self.code = code
        self.message = message
        self.mayHaveBeenSent = mayHaveBeenSent
    }

    package var description: String { "\(code.rawValue): \(message)" }
}
