import Base
package import BotAPI
import Crypto

extension SendDraft {
    /// A draft of a call that is understood here.
    package init(bot: Int64, chat: Int64, _ request: any BotRequest) {
        self.init(bot: bot, chat: chat, method: request.method, body: Body(request))
    }
}

extension SendDraft.Body {
    /// How a call is carried: as JSON, or as a form where it holds files.
    init(_ request: any BotRequest) {
        let (parameters, uploads) = (request.parameters, request.uploads)
        guard !uploads.isEmpty else {
            self = .json(parameters.json)
            return
        }
        // The boundary is the content's hash: the same request makes the same bytes, and no content holds its own hash.
        var hash = SHA256()
        hash.update(parameters.json)
        for (name, file) in uploads {
            hash.update(Bytes("\n\(name) \(file.name) \(file.bytes.count)\n"))
            hash.update(file.bytes)
        }
        let digest = hash.finish()
        let form = parameters.form(with: uploads, boundary: digest.number(at: 0), digest.number(at: 8))
        self = .form(form.bytes, contentType: form.contentType)
    }
}

extension Bytes {
    fileprivate func number(at start: Int) -> UInt64 {
        part(start, 8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
