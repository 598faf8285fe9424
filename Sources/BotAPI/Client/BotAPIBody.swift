package import Base

/// What is sent with a call.
package enum BotAPIBody: Sendable {
    /// Nothing: the method takes no parameters, or none are meant.
    case none
    /// The parameters as a JSON object.
    case json(Bytes)
    /// A body that is whole and ready, such as a form.
    case raw(Bytes, contentType: Bytes)
    /// A body read piece by piece, nil being the end; without a length it is sent chunked.
    case stream(contentType: Bytes, length: Int?, next: @Sendable () async throws -> Bytes?)
}
