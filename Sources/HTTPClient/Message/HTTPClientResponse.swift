package import Base
package import Wire

/// The head of an answer.
package struct HTTPClientHead: Sendable, Equatable {
    package let status: Int
    package let fields: HeaderFields
    /// `1.0`, `1.1` or `2`.
    package let version: String
}

/// A whole answer.
package struct HTTPClientResponse: Sendable, Equatable {
    package let head: HTTPClientHead
    package let body: Bytes

    package var status: Int { head.status }
    package var fields: HeaderFields { head.fields }
}
