"""Refusals of the rewards room."""

from app.problems import DomainError


class OfferNotFound(DomainError):
    """The offer does not exist, is not published, or has closed."""

    status = 404
    title = "No such offer"
    title_zh = "兑换商品不存在"


class OfferNotYetOpen(DomainError):
    """The offer can be seen but not claimed yet; `opens_at` says when."""

    title = "The offer has not opened yet"
    title_zh = "兑换尚未开始"


class OfferSoldOut(DomainError):
    """Every unit is held or spent; units come back when holds are cancelled or run out."""

    title = "Sold out"
    title_zh = "已兑完"


class LimitReached(DomainError):
    """The citizen holds or has spent as many units of this offer as one person may."""

    title = "Your limit for this offer is reached"
    title_zh = "已达到兑换上限"


class OfferUnsound(DomainError):
    """The draft cannot be an offer: a price, stock, limit, title or period makes no sense."""

    status = 422
    title = "The draft makes no sense"
    title_zh = "商品信息无效"


class OfferNotDraft(DomainError):
    """Only a draft can be published; this offer has been published or withdrawn."""

    title = "The offer is not a draft"
    title_zh = "该商品不是草稿"


class RedemptionNotFound(DomainError):
    """You have no redemption with this id."""

    status = 404
    title = "No such redemption"
    title_zh = "兑换记录不存在"


class CouponUnreadable(DomainError):
    """This is not a coupon code: `c1.` and 26 letters or digits are expected."""

    status = 422
    title = "Not a coupon code"
    title_zh = "无法识别的券码"


class CouponNotFound(DomainError):
    """No coupon of this merchant has this code."""

    status = 404
    title = "No such coupon"
    title_zh = "券码不存在"


class CouponNotOpen(DomainError):
    """The coupon is spent, cancelled or expired; `state` says which."""

    title = "The coupon is closed"
    title_zh = "券码已失效"


class OrderNumberUsed(DomainError):
    """The merchant used this order number for another coupon; each coupon needs its own."""

    status = 422
    title = "The order number belongs to another coupon"
    title_zh = "订单号已用于其他券码"


class PurchaseUnclear(DomainError):
    """An attribution is asked for one coupon, or for one merchant and one day."""

    status = 400
    title = "Which purchase?"
    title_zh = "请指明消费"


class CouponMistyped(DomainError):
    """The code's check symbol does not fit: a symbol was mistyped. Nothing was looked up."""

    status = 422
    title = "A typing error"
    title_zh = "券码输入有误"


class CouponElsewhere(DomainError):
    """The coupon is good, but not in this store; it is bound to other stores of the merchant."""

    title = "Not in this store"
    title_zh = "该券不适用于本门店"


class CouponAtOtherTill(DomainError):
    """Another till has the coupon in hand; it is free again after a minute."""

    title = "Another till has this coupon in hand"
    title_zh = "该券正在其他收银台核销"


class LiveCodeNeeded(DomainError):
    """The coupon's code changes every 30 seconds and the part that does is missing."""

    title = "The live code is needed"
    title_zh = "请出示动态码"


class CodeStale(DomainError):
    """The live code is of another half minute, or took the coupon before: a screenshot."""

    title = "The live code is stale"
    title_zh = "动态码已失效"


class MerchantCodeInstead(DomainError):
    """The offer hands out the merchant's own code: its owner opens that; no till takes it."""

    title = "The merchant's own code is used instead"
    title_zh = "请使用商户券码"


class SaleRepeated(DomainError):
    """One call names each coupon and each order number once."""

    status = 422
    title = "Named twice"
    title_zh = "券码或订单号重复"


class SaleNotFound(DomainError):
    """You took no coupon under this order number."""

    status = 404
    title = "No such sale"
    title_zh = "没有该订单号的核销记录"


class SaleUndone(DomainError):
    """The sale under this order number was undone; a new sale needs a new number."""

    title = "The sale was undone"
    title_zh = "该笔核销已撤销"


class CodeSeen(DomainError):
    """The sale is a look at a merchant's own code; what was seen cannot be taken back."""

    title = "The code was seen"
    title_zh = "商户券码已被查看"


class UndoTooLate(DomainError):
    """A sale can be undone for ten minutes; afterwards a manager refunds it."""

    title = "Too late to undo"
    title_zh = "已超过撤销时限"


class UndoneTooOften(DomainError):
    """A coupon's sale can be undone ten times; a manager refunds it now."""

    title = "Undone too often"
    title_zh = "撤销次数已达上限"


class SaleRefunded(DomainError):
    """Points of this sale were given back, so it cannot be undone any more."""

    title = "The sale was refunded"
    title_zh = "该笔核销已退款"


class SaleSettled(DomainError):
    """The sale is in a settlement already; give points back by a refund."""

    title = "The sale is settled"
    title_zh = "该笔核销已结算"


class RefundAboveSale(DomainError):
    """More than what is left of the sale; `left` says how many points that is."""

    title = "More than what was paid"
    title_zh = "退款超过可退积分"


class RefundNumberUsed(DomainError):
    """The refund number stands for another refund; each refund needs its own."""

    status = 422
    title = "The refund number belongs to another refund"
    title_zh = "退款单号已用于其他退款"


class TillOnly(DomainError):
    """Batches of what was taken without network come from a till that signed in with its key."""

    status = 403
    title = "Only a till may do this"
    title_zh = "仅限收银终端操作"


class BatchSignatureWrong(DomainError):
    """`Batch-Signature` is not this till's HMAC of the body's bytes."""

    status = 401
    title = "The batch's signature is wrong"
    title_zh = "批次签名无效"


class BatchIdUsed(DomainError):
    """A batch of another content came under this id; each batch needs its own."""

    status = 422
    title = "The batch id belongs to another batch"
    title_zh = "批次号已用于其他内容"
