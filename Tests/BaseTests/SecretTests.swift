import Base
import Testing

@Suite struct SecretTests {
    private struct Holder {
        var name = "bot"
        var token = Secret("110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw")
    }

    @Test func `no way of printing shows what it guards`() {
        let holder = Holder()
        var dumped = ""
        dump(holder, to: &dumped)
        dump(holder.token, to: &dumped)
        let shown = [
            "\(holder.token)", String(reflecting: holder.token), "\(holder)", String(reflecting: holder),
            dumped,
            "\([holder.token])", "\(Optional(holder.token) as Any)", "\(Mirror(reflecting: holder.token))",
        ]
        for text in shown {
            #expect(!text.contains("AAHd"))
            #expect(!text.contains("49, 49, 48"))
        }
        #expect("\(holder.token)" == "•••")
    }

    @Test func `it is revealed on demand`() { #expect(Secret("abc").reveal() == "abc") }

    @Test func `secrets are equal when their bytes are`() {
        #expect(Secret("abc") == Secret([0x61, 0x62, 0x63]))
        #expect(Secret("abc") != Secret("abd"))
        #expect(Secret("abc") != Secret("abcd"))
        #expect(Secret("abc").matches("abc"))
        #expect(Secret("").isEmpty)
    }
}
