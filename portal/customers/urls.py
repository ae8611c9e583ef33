from django.urls import path

from portal.customers import views

urlpatterns = [
    path("people/", views.people, name="people"),
    path("people/invitations/", views.invitations, name="invitations"),
    path("people/rights/", views.rights, name="rights"),
    path("customer/", views.chosen_customer, name="chosen_customer"),
    path("invitation/<uuid:code>/", views.invitation, name="invitation"),
]
