internal import Base
internal import CCurl
internal import Reactor
internal import Wire

/// libcurl's easy handle, set up for one request.
@safe final class CurlEasy {
    let handle: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private var list: UnsafeMutablePointer<curl_slist>?
    /// The first option that libcurl did not take.
    private var refused: CURLcode = CURLE_OK

    /// The transfer must stay alive, and the handle with its multi handle, until `remove`.
    init(_ transfer: Transfer) throws(HTTPClientError) {
        guard let handle = unsafe curl_easy_init() else { throw HTTPClientError(.other, "out of memory") }
        unsafe self.handle = handle
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe list = nil
        let request = transfer.request
        setCallbacks(transfer)
        setFixedOptions()
        setConnection(request, transfer.multi.settings)
        try setProxy(request.proxy)
        try setMethod(request)
        try setFields(request, transfer.multi.settings)
        guard refused == CURLE_OK else {
            throw HTTPClientError(
                .badRequest, "libcurl: \(unsafe String(cString: curl_easy_strerror(refused)))")
        }
    }

    deinit {
        unsafe curl_easy_cleanup(handle)
        unsafe curl_slist_free_all(list)
        unsafe errorText.deallocate()
    }

    /// Whether redirects are followed: not with a body that cannot be sent again, and not with methods for which
    /// libcurl would repeat the method where it has to become GET.
    static func follows(_ request: HTTPClientRequest) -> Bool {
        switch request.body {
        case .none, .bytes: request.redirectsMax > 0 && [.get, .head, .post].contains(request.method)
        case .stream, .written: false
        }
    }

    /// Stops or resumes either direction.
    func pause(reading: Bool, writing: Bool) {
        unsafe curl_easy_pause(handle, (reading ? CURLPAUSE_RECV : 0) | (writing ? CURLPAUSE_SEND : 0))
    }

    /// libcurl's words for a failure, unless they repeat something of the request that is nobody's business.
    func message(_ result: CURLcode, hiding request: HTTPClientRequest) -> String {
        let general = unsafe String(cString: curl_easy_strerror(result))
        let text = unsafe Self.trimmed(String(cString: errorText))
        guard !text.isEmpty else { return general }
        let host = request.url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        let user = host.count > 2 ? host[2].split(separator: "@").dropLast().first : nil
        let password = request.proxy?.password?.reveal().repairedText
        for secret in [host.count > 3 ? String(host[3]) : nil, user.map(String.init), password] {
            if let secret, !secret.isEmpty, text.contains(secret) { return general }
        }
        return text
    }

    private static func trimmed(_ text: String) -> String {
        var bytes = Array(text.utf8.prefix(300))
        while let last = bytes.last, last <= 0x20 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Options

    private func setCallbacks(_ transfer: Transfer) {
        let context = unsafe Unmanaged.passUnretained(transfer).toOpaque()
        for option in [
            CURLOPT_PRIVATE, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA, CURLOPT_READDATA, CURLOPT_SEEKDATA,
            CURLOPT_OPENSOCKETDATA, CURLOPT_PREREQDATA,
        ] {
            check(unsafe hg_set_pointer(handle, option, context))
        }
        check(unsafe hg_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText))
        check(unsafe hg_set_transfer_function(handle, CURLOPT_WRITEFUNCTION, bodyArrived))
        check(unsafe hg_set_transfer_function(handle, CURLOPT_HEADERFUNCTION, lineArrived))
        check(unsafe hg_set_transfer_function(handle, CURLOPT_READFUNCTION, bodyWanted))
        check(unsafe hg_set_seek_function(handle, seekWanted))
        check(unsafe hg_set_open_socket_function(handle, socketWanted))
        check(unsafe hg_set_request_function(handle, requestReady))
    }

    private func setFixedOptions() {
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_NETRC, 0)
        // Nothing from the environment: neither a proxy nor exceptions from one.
        set(CURLOPT_PROXY, "")
        set(CURLOPT_NOPROXY, "")
        set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        // Ending a transfer must not wait for the thread that resolves its host.
        set(CURLOPT_QUICK_EXIT, 1)
    }

    private func setConnection(_ request: HTTPClientRequest, _ settings: HTTPClientSettings) {
        set(CURLOPT_URL, request.url)
        set(CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(request.connectTimeout / .milliseconds(1))))
        set(CURLOPT_MAXAGE_CONN, max(1, Int(settings.idleConnectionLifetime / .seconds(1))))
        setVersion(request)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        set(CURLOPT_SSL_VERIFYPEER, request.tls.verifies ? 1 : 0)
        set(CURLOPT_SSL_VERIFYHOST, request.tls.verifies ? 2 : 0)
        if let file = request.tls.authoritiesFile {
            set(CURLOPT_CAINFO, file)
            check(unsafe hg_set_string(handle, CURLOPT_CAPATH, nil))
        }
        if Self.follows(request) {
            set(CURLOPT_FOLLOWLOCATION, 1)
            set(CURLOPT_MAXREDIRS, request.redirectsMax)
        }
        if request.decompresses { set(CURLOPT_ACCEPT_ENCODING, "") }
    }

    private func setVersion(_ request: HTTPClientRequest) {
        let isTLS = request.url.prefix(6).lowercased() == "https:"
        switch request.version {
        case .automatic where CurlLibrary.isHTTP2Sound || !request.hasBody, .http2 where isTLS:
            set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS)
            // Wait whether the connection under way can be shared, rather than open one for each request. In clear text
            // none ever can: the wait would be for the end of what goes on there, such as a long poll.
            if isTLS { set(CURLOPT_PIPEWAIT, 1) }
        case .automatic, .http1:
            set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        case .http2:
            set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE)
            guard !CurlLibrary.isHTTP2Sound else { return }
            set(CURLOPT_FRESH_CONNECT, 1)
            set(CURLOPT_FORBID_REUSE, 1)
        }
    }

    private func setProxy(_ proxy: HTTPProxy?) throws(HTTPClientError) {
        guard let proxy else { return }
        guard let url = proxy.url else { throw HTTPClientError(.badRequest, "not a proxy's host") }
        set(CURLOPT_PROXY, url)
        if let username = proxy.username { set(CURLOPT_PROXYUSERNAME, username) }
        if let password = proxy.password { set(CURLOPT_PROXYPASSWORD, password.reveal().repairedText) }
    }

    private func setMethod(_ request: HTTPClientRequest) throws(HTTPClientError) {
        guard HeaderFields.isValid(name: Bytes(request.method.name), value: Bytes()) else {
            throw HTTPClientError(.badRequest, "not a method")
        }
        let length: Int?
        switch request.body {
        case .none where request.method == .get: return set(CURLOPT_HTTPGET, 1)
        case .none where request.method == .head: return set(CURLOPT_NOBODY, 1)
        case .none where request.method != .post && request.method != .put && request.method != .patch:
            return set(CURLOPT_CUSTOMREQUEST, request.method.name)
        case .none: length = 0
        case .bytes(let bytes): length = bytes.count
        case .stream(let count, _), .written(let count): length = count
        }
        if let length, request.method != .put {
            set(CURLOPT_POST, 1)
            check(unsafe hg_set_offset(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(length)))
            if request.method != .post { set(CURLOPT_CUSTOMREQUEST, request.method.name) }
        } else {
            // Without a length libcurl sends chunks.
            set(CURLOPT_UPLOAD, 1)
            check(unsafe hg_set_offset(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(length ?? -1)))
            if request.method != .put { set(CURLOPT_CUSTOMREQUEST, request.method.name) }
        }
    }

    private func setFields(
        _ request: HTTPClientRequest, _ settings: HTTPClientSettings
    ) throws(HTTPClientError) {
        for (name, value) in request.fields {
            guard HeaderFields.isValid(name: name, value: value) else {
                throw HTTPClientError(.badRequest, "a header field that cannot be sent")
            }
            guard name != "content-length" && name != "transfer-encoding" else {
                throw HTTPClientError(.badRequest, "\(name) is the client's to set")
            }
            // Without a value libcurl would take the line as "leave this field out".
            append(value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        if !request.fields.contains("user-agent") { append("user-agent: \(settings.userAgent)") }
        // libcurl's own for bodies: a form's type, and a wait for permission.
        if !request.fields.contains("content-type") { append("content-type:") }
        if !request.fields.contains("expect") { append("expect:") }
        check(unsafe hg_set_list(handle, CURLOPT_HTTPHEADER, list))
    }

    private func append(_ line: String) {
        guard let longer = unsafe curl_slist_append(list, line) else { return check(CURLE_OUT_OF_MEMORY) }
        unsafe list = longer
    }

    private func set(_ option: CURLoption, _ value: Int) { check(unsafe hg_set_long(handle, option, value)) }

    private func set(_ option: CURLoption, _ value: String) {
        // A NUL would end the text early.
        guard !value.utf8.contains(0) else { return check(CURLE_URL_MALFORMAT) }
        check(unsafe hg_set_string(handle, option, value))
    }

    private func check(_ result: CURLcode) {
        if refused == CURLE_OK { refused = result }
    }
}
