/// An error of another room that a client may be told of: some are nothing of the client's.
public protocol APIErrorCause: Error {
    /// What a client is told; nil where it is an error of ours.
    var apiError: APIError? { get }
}
