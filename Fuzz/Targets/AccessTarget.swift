import Base
import HTTPServer
import Identity
import Reactor
import Streams

/// What strangers send to say who they are, where they come from and what they want to hear of.
@Sendable func fuzzAccess(_ bytes: Bytes) {
    let text = bytes.repairedText
    if let target = GrantTarget(text) { expect(target.text == text, "a target has one form: \(text)") }
    if let range = AddressRange(text) {
        expect(AddressRange(range.text) == range, "ranges come back: \(text)")
        for address in ["1.2.3.4:5", "[::1]:5", "unix:/x"].compactMap({ SocketAddress($0) }) {
            _ = range.contains(address)
        }
    }
    if let key = APIKeyText(bytes) {
        expect(bytes.count == 63 && key.id.utf8.count == 16, "a key has one form")
    }
    do throws(StreamRequest.Mistake) {
        let request = try StreamRequest(bytes)
        expect(!request.name.isEmpty || text.contains("ping"), "a subscription has a name")
    } catch {
        expect(!error.message.isEmpty, "a refusal has words")
    }
}
