// Made by Tools/errors/generate.py from docs/errors.json; change that file.

/// The stable codes of the errors that clients see; `docs/errors.md` describes them.
public enum ErrorCode: String, Sendable, CaseIterable {
    /// The request is malformed.
    case badRequest = "BAD_REQUEST"
    /// The body is not valid JSON.
    case malformedJSON = "MALFORMED_JSON"
    /// Authentication is required.
    case unauthorized = "UNAUTHORIZED"
    /// Not allowed.
    case forbidden = "FORBIDDEN"
    /// Not found.
    case notFound = "NOT_FOUND"
    /// The method is not allowed here.
    case methodNotAllowed = "METHOD_NOT_ALLOWED"
    /// No acceptable form.
    case notAcceptable = "NOT_ACCEPTABLE"
    /// The request took too long to arrive.
    case requestTimeout = "REQUEST_TIMEOUT"
    /// Conflict with the present state.
    case conflict = "CONFLICT"
    /// No longer there.
    case gone = "GONE"
    /// A length is required.
    case lengthRequired = "LENGTH_REQUIRED"
    /// A precondition failed.
    case preconditionFailed = "PRECONDITION_FAILED"
    /// The body is too large.
    case payloadTooLarge = "PAYLOAD_TOO_LARGE"
    /// The address is too long.
    case uriTooLong = "URI_TOO_LONG"
    /// Unsupported media type.
    case unsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE"
    /// The range cannot be satisfied.
    case rangeNotSatisfiable = "RANGE_NOT_SATISFIABLE"
    /// The expectation cannot be met.
    case expectationFailed = "EXPECTATION_FAILED"
    /// Misdirected request.
    case misdirectedRequest = "MISDIRECTED_REQUEST"
    /// The request does not hold what is needed.
    case validationFailed = "VALIDATION_FAILED"
    /// An upgrade is required.
    case upgradeRequired = "UPGRADE_REQUIRED"
    /// Too many requests.
    case rateLimited = "RATE_LIMITED"
    /// The headers are too large.
    case headersTooLarge = "HEADERS_TOO_LARGE"
    /// Internal error.
    case internalError = "INTERNAL"
    /// Not implemented.
    case notImplemented = "NOT_IMPLEMENTED"
    /// The answer took too long.
    case timeout = "TIMEOUT"
    /// Temporarily unavailable.
    case unavailable = "UNAVAILABLE"
    /// The HTTP version is not supported.
    case httpVersionNotSupported = "HTTP_VERSION_NOT_SUPPORTED"

    /// The status of HTTP that goes with the code.
    public var status: Int {
        switch self {
        case .badRequest, .malformedJSON: 400
        case .unauthorized: 401
        case .forbidden: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .notAcceptable: 406
        case .requestTimeout: 408
        case .conflict: 409
        case .gone: 410
        case .lengthRequired: 411
        case .preconditionFailed: 412
        case .payloadTooLarge: 413
        case .uriTooLong: 414
        case .unsupportedMediaType: 415
        case .rangeNotSatisfiable: 416
        case .expectationFailed: 417
        case .misdirectedRequest: 421
        case .validationFailed: 422
        case .upgradeRequired: 426
        case .rateLimited: 429
        case .headersTooLarge: 431
        case .internalError: 500
        case .notImplemented: 501
        case .timeout, .unavailable: 503
        case .httpVersionNotSupported: 505
        }
    }

    /// The code in words.
    public var title: String {
        switch self {
        case .badRequest: "The request is malformed"
        case .malformedJSON: "The body is not valid JSON"
        case .unauthorized: "Authentication is required"
        case .forbidden: "Not allowed"
        case .notFound: "Not found"
        case .methodNotAllowed: "The method is not allowed here"
        case .notAcceptable: "No acceptable form"
        case .requestTimeout: "The request took too long to arrive"
        case .conflict: "Conflict with the present state"
        case .gone: "No longer there"
        case .lengthRequired: "A length is required"
        case .preconditionFailed: "A precondition failed"
        case .payloadTooLarge: "The body is too large"
        case .uriTooLong: "The address is too long"
        case .unsupportedMediaType: "Unsupported media type"
        case .rangeNotSatisfiable: "The range cannot be satisfied"
        case .expectationFailed: "The expectation cannot be met"
        case .misdirectedRequest: "Misdirected request"
        case .validationFailed: "The request does not hold what is needed"
        case .upgradeRequired: "An upgrade is required"
        case .rateLimited: "Too many requests"
        case .headersTooLarge: "The headers are too large"
        case .internalError: "Internal error"
        case .notImplemented: "Not implemented"
        case .timeout: "The answer took too long"
        case .unavailable: "Temporarily unavailable"
        case .httpVersionNotSupported: "The HTTP version is not supported"
        }
    }

    /// Whether the same request may succeed when it is sent again later.
    public var isRetryable: Bool {
        switch self {
        case .badRequest, .malformedJSON, .unauthorized, .forbidden, .notFound, .methodNotAllowed,
            .notAcceptable, .conflict, .gone, .lengthRequired, .preconditionFailed, .payloadTooLarge,
            .uriTooLong, .unsupportedMediaType, .rangeNotSatisfiable, .expectationFailed,
            .misdirectedRequest, .validationFailed, .upgradeRequired, .headersTooLarge,
            .notImplemented, .httpVersionNotSupported:
            false
        case .requestTimeout, .rateLimited, .internalError, .timeout, .unavailable: true
        }
    }
}
