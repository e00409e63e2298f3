"""What must be true of coupons, sales, undone sales and refunds; part of `verify.breaches`.

Data: the statements, each of which counts rows and, among them, breaches.
"""

# Every sale is one entry of its own, under the redemption's id or, after an undo, a new one.
_ENTRIES = """
WITH paid AS (
  SELECT bucket, account_id, ref, count(*) AS n, sum(amount) AS amount, min(contra) AS contra
    FROM entry WHERE kind = 2 GROUP BY 1, 2, 3
), sold AS (
  SELECT s.bucket, s.account_id, coalesce(s.entry_ref, s.redemption_id) AS ref, s.points, r.contra
    FROM scan s LEFT JOIN redemption r ON r.bucket = s.bucket AND r.account_id = s.account_id
                                      AND r.id = s.redemption_id
)
SELECT count(*), count(*) FILTER (
         WHERE p.n IS DISTINCT FROM 1 OR p.amount IS DISTINCT FROM -s.points
            OR p.contra IS DISTINCT FROM s.contra)
  FROM sold s FULL JOIN paid p USING (bucket, account_id, ref)
"""

_LIVE = """
WITH spent AS (
  SELECT bucket, account_id, id AS redemption_id, merchant_id, points, undone + 1 AS cycle
    FROM redemption WHERE state = 2
), live AS (
  SELECT s.* FROM scan s
   WHERE NOT EXISTS (SELECT FROM coupon_undo u
                      WHERE u.merchant_id = s.merchant_id AND u.order_no = s.order_no)
)
SELECT count(*), count(*) FILTER (
         WHERE l.merchant_id IS DISTINCT FROM s.merchant_id
            OR l.points IS DISTINCT FROM s.points OR l.cycle IS DISTINCT FROM s.cycle)
  FROM spent s FULL JOIN live l USING (bucket, account_id, redemption_id)
"""

# A sale that was undone has its refund in the ledger, of all its points.
_UNDONE = """
WITH undone AS (
  SELECT r.bucket, r.account_id, r.id, r.undone, count(u.id) AS n,
         count(*) FILTER (WHERE u.id IS NOT NULL
                            AND (s.order_no IS NULL OR s.points <> u.points
                                 OR e.amount IS DISTINCT FROM u.points
                                 OR e.contra IS DISTINCT FROM r.contra)) AS wrong
    FROM redemption r
    LEFT JOIN coupon_undo u ON u.bucket = r.bucket AND u.redemption_id = r.id
    LEFT JOIN scan s ON s.merchant_id = u.merchant_id AND s.order_no = u.order_no
                    AND s.bucket = u.bucket AND s.redemption_id = u.redemption_id
    LEFT JOIN entry e ON e.bucket = u.bucket AND e.account_id = u.account_id AND e.kind = 3
                     AND e.ref = u.id
   GROUP BY 1, 2, 3, 4
)
SELECT count(*), count(*) FILTER (WHERE undone <> n OR wrong > 0) FROM undone
"""

_REFUNDS = """
WITH given AS (
  SELECT r.bucket, r.account_id, r.id, r.state, r.points, r.refunded_points,
         coalesce(sum(f.points), 0) AS recorded, coalesce(sum(e.amount), 0) AS booked,
         count(*) FILTER (WHERE e.contra IS DISTINCT FROM r.contra AND f.id IS NOT NULL) AS wrong
    FROM redemption r
    LEFT JOIN coupon_refund f ON f.bucket = r.bucket AND f.redemption_id = r.id
    LEFT JOIN entry e ON e.bucket = f.bucket AND e.account_id = f.account_id AND e.kind = 3
                     AND e.ref = f.id
   GROUP BY 1, 2, 3
)
SELECT count(*), count(*) FILTER (
         WHERE refunded_points <> recorded OR recorded <> booked OR wrong > 0
            OR refunded_points > points OR (refunded_points > 0 AND state <> 2))
  FROM given
"""

# The unique key is by bucket; here over all of them, so that a code leads to one coupon.
_DIGESTS = """
SELECT coalesce(sum(n), 0), count(*) FILTER (WHERE n > 1 OR length(coupon_digest) <> 16)
  FROM (SELECT coupon_digest, count(*) AS n FROM redemption GROUP BY 1) AS digests
"""

_OFFLINE = """
SELECT count(*), count(*) FILTER (
         WHERE (i.outcome <> 'rejected' AND s.redemption_id IS DISTINCT FROM i.redemption_id)
            OR (i.outcome <> 'rejected' AND s.order_no IS NULL)
            OR (i.outcome = 'redeemed' AND s.offline IS NOT TRUE))
  FROM offline_item i
  LEFT JOIN scan s ON s.merchant_id = i.merchant_id AND s.order_no = i.order_no
"""

CHECKS = {
    "rewards.sales_have_one_entry_each": _ENTRIES,
    "rewards.spent_redemptions_have_one_live_sale": _LIVE,
    "rewards.undone_sales_are_refunded": _UNDONE,
    "rewards.refunds_are_what_the_ledger_says": _REFUNDS,
    "rewards.coupon_digests_are_unique": _DIGESTS,
    "rewards.offline_coupons_are_sales": _OFFLINE,
}
